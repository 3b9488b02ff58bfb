#include "settings/settings.hpp"
#include "settings/values.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <set>
#include <sstream>

using namespace agentmon;
using namespace std::chrono_literals;

namespace {

const environment_map home{{"HOME", "/home/u"}};

given_flags flags_of(std::vector<std::string_view> arguments) {
  auto flags = read_flags(arguments, setting_flags());
  REQUIRE(flags);
  return std::move(*flags);
}

configuration loaded(std::vector<std::string_view> arguments, environment_map environment = home,
                     std::string_view file = {}) {
  auto config = load(flags_of(std::move(arguments)), environment, file);
  if (!config) FAIL(config.error().message);
  return std::move(*config);
}

/// The message for an environment variable with a wrong value.
std::string fault_of(const std::string& name, const std::string& value) {
  auto environment = home;
  environment[name] = value;
  const auto config = load({}, environment, {});
  return config ? "" : config.error().message;
}

std::string line_of(const configuration& c, std::string_view name) {
  std::istringstream lines{describe(c)};
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with(std::string{name} + "=")) return line;
  return {};
}

} // namespace

TEST_CASE("the presets") {
  const auto s = loaded({}).values;
  CHECK(s.data_dir == "/home/u/.local/share/agentmon");
  CHECK(s.addr == endpoint{"", 8080});
  CHECK(s.query_addr == endpoint{"", 8081});
  CHECK(s.ui_addr == endpoint{"", 8082});
  CHECK(s.metrics_addr == endpoint{"", 8083});
  CHECK(s.has_port());
  CHECK(s.query_base == "http://localhost:8081");
  CHECK_FALSE(s.database_url);
  CHECK_FALSE(s.nats_url);
  CHECK(s.nats_topic == "agentmon.events.v1");
  CHECK(s.registry == "/home/u/.claude/state/openclaw-instances.json");
  CHECK(s.poll_interval == 30s);
  CHECK_FALSE(s.ingest_token);
  CHECK(s.roles.size() == 5);
  CHECK_FALSE(s.node.empty());
  CHECK(s.join.empty());
  CHECK(s.control == endpoint{"127.0.0.1", 4711});
  CHECK(s.journal_bytes == 4ULL << 30U);
  CHECK_FALSE(s.web_dir);
}

TEST_CASE("flags win over the environment, the environment over .env, .env over presets") {
  const environment_map environment{{"HOME", "/home/u"}, {"AGENTMON_ADDR", ":2"}, {"AGENTMON_QUERY_ADDR", ":22"}};
  const auto c =
      loaded({"--addr", ":3"}, environment, "AGENTMON_ADDR=:1\nAGENTMON_QUERY_ADDR=:11\nAGENTMON_UI_ADDR=:111");
  CHECK(c.values.addr.port == 3);
  CHECK(c.values.query_addr.port == 22);
  CHECK(c.values.ui_addr.port == 111);
  CHECK(line_of(c, "AGENTMON_ADDR") == "AGENTMON_ADDR=:3  # flag");
  CHECK(line_of(c, "AGENTMON_QUERY_ADDR") == "AGENTMON_QUERY_ADDR=:22  # environment");
  CHECK(line_of(c, "AGENTMON_UI_ADDR") == "AGENTMON_UI_ADDR=:111  # .env");
  CHECK(line_of(c, "POLL_INTERVAL") == "POLL_INTERVAL=30s  # default");
  CHECK(line_of(c, "AGENTMON_QUERY_BASE") == "AGENTMON_QUERY_BASE=http://localhost:22  # default");
}

TEST_CASE("an empty value counts as not given") {
  const environment_map environment{{"HOME", "/home/u"}, {"DATABASE_URL", ""}, {"AGENTMON_ADDR", ""}};
  const auto c = loaded({"--addr="}, environment, "AGENTMON_ADDR=:1\nNATS_URL=");
  CHECK(c.values.addr.port == 1);
  CHECK_FALSE(c.values.database_url);
  CHECK_FALSE(c.values.nats_url);
}

TEST_CASE("paths know ~ and ${NAME}") {
  const environment_map environment{{"HOME", "/home/u"}, {"XDG_DATA_HOME", "/data"}, {"REGISTRY", "/etc/claws.json"}};
  const auto s = loaded({}, environment, "OPENCLAW_REGISTRY=${REGISTRY}\nAGENTMON_WEB_DIR=~/web").values;
  CHECK(s.data_dir == "/data/agentmon");
  CHECK(s.registry == "/etc/claws.json");
  CHECK(*s.web_dir == "/home/u/web");
  CHECK(load({}, {}, {}).error().message.find("HOME is not set") != std::string::npos);
  CHECK(load({}, home, "AGENTMON_WEB_DIR=${NOWHERE}/x").error().message.find("${NOWHERE} is not set")
        != std::string::npos);
  CHECK(loaded({"--data-dir", "relative/./x"}).values.data_dir == std::filesystem::current_path() / "relative/x");
}

TEST_CASE("values that are right") {
  const auto s = loaded({"--roles", "query, ui", "--join", "[::1]:4711", "--control-addr", "none", "--journal-bytes",
                         "512MiB", "--query-base", "http://q:1/", "--poll-interval", "1500ms", "--nats-url",
                         "nats://a:1,tls://b:2", "--database-url", "host=/run dbname=a", "--log-level", "debug"})
                     .values;
  CHECK(s.roles == std::set{role::query, role::ui});
  CHECK(s.has(role::ui));
  CHECK_FALSE(s.has(role::ingest));
  CHECK(s.join == std::vector{endpoint{"::1", 4711}});
  CHECK_FALSE(s.control);
  CHECK(s.journal_bytes == 512ULL << 20U);
  CHECK(s.query_base == "http://q:1");
  CHECK(s.poll_interval == 1500ms);
  CHECK(s.log_level == log::level::debug);
}

TEST_CASE("a wrong value is named with its key and what is allowed") {
  const std::vector<std::array<std::string, 3>> wrong{
      {"AGENTMON_ADDR", "8080", ":PORT"},
      {"AGENTMON_ADDR", ":65536", "0 to 65535"},
      {"AGENTMON_ADDR", "::1:80", "[IPV6]:PORT"},
      {"AGENTMON_UI_ADDR", "a b:1", ":PORT"},
      {"AGENTMON_QUERY_BASE", "localhost:8081", "http://HOST:PORT"},
      {"AGENTMON_QUERY_BASE", "http://host:1/path", "http://HOST:PORT"},
      {"DATABASE_URL", "mysql://x", "postgresql://"},
      {"DATABASE_URL", "localhost", "postgresql://"},
      {"NATS_URL", "localhost:4222", "nats://"},
      {"NATS_URL", "nats://a,b", "nats://"},
      {"NATS_TOPIC", "a.>", "without wildcards"},
      {"NATS_TOPIC", "a..b", "one NATS subject"},
      {"POLL_INTERVAL", "30", "ms, s, m or h"},
      {"POLL_INTERVAL", "0s", "1s to 1h"},
      {"POLL_INTERVAL", "2h", "1s to 1h"},
      {"AGENTMON_ROLES", "ingest,qeury", "allowed are ingest, processor"},
      {"AGENTMON_ROLES", "ui,ui", "named twice"},
      {"AGENTMON_ROLES", "ui,", "no role \"\""},
      {"AGENTMON_NODE", "a b", "letters, digits"},
      {"AGENTMON_JOIN", ":4711", "HOST:PORT"},
      {"AGENTMON_JOURNAL_BYTES", "1MiB", "128MiB or more"},
      {"AGENTMON_JOURNAL_BYTES", "4GB", "KiB, MiB, GiB"},
      {"AGENTMON_JOURNAL_BYTES", "99999999999TiB", "KiB, MiB, GiB"},
      {"AGENTMON_LOG_LEVEL", "loud", "debug, info, warn and error"},
  };
  for (const auto& [name, value, allowed] : wrong) {
    const auto message = fault_of(name, value);
    const auto& example_name = name; // clang 14 cannot capture a structured binding
    CAPTURE(example_name);
    CAPTURE(message);
    CHECK(message.starts_with(name + "=" + value + " (environment): "));
    CHECK(message.find(allowed) != std::string::npos);
  }
  CHECK(load(flags_of({"--addr", "x"}), home, {}).error().message.starts_with("--addr x (flag): "));
}

TEST_CASE("unknown keys are errors, except those of others") {
  CHECK(fault_of("AGENTMON_ADR", "1").find("did you mean AGENTMON_ADDR?") != std::string::npos);
  CHECK(fault_of("AGENTMON_URL", "http://x").empty());
  CHECK(fault_of("PATH", "/bin").empty());
  const auto in_file = load({}, home, "\nPATH=/bin").error().message;
  CHECK(in_file.starts_with(".env line 2: there is no setting PATH (its value: \"/bin\")"));
}

TEST_CASE("secrets are not shown") {
  const auto c = loaded({"--ingest-token", "hunter2", "--database-url", "postgresql://u:pw@h/d", "--nats-url",
                         "nats://t0ken@a,nats://u:pw@b"});
  CHECK(line_of(c, "AGENTMON_INGEST_TOKEN") == "AGENTMON_INGEST_TOKEN=***  # flag");
  CHECK(line_of(c, "DATABASE_URL") == "DATABASE_URL=postgresql://u:***@h/d  # flag");
  CHECK(line_of(c, "NATS_URL") == "NATS_URL=nats://***@a,nats://u:***@b  # flag");
  CHECK(c.values.ingest_token == "hunter2");
  CHECK(without_credentials("host=h password=x") == "***");
  CHECK(without_credentials("postgresql://h/d?password=x") == "postgresql://h/d?password=***");
  CHECK(fault_of("AGENTMON_INGEST_TOKEN", "a b").starts_with("AGENTMON_INGEST_TOKEN=*** (environment): "));
  CHECK(fault_of("AGENTMON_INGEST_TOKN", "hunter2").find("hunter2") == std::string::npos);
  CHECK(fault_of("DATABASE_URL", "mysql://u:pw@h").find("pw") == std::string::npos);
}

TEST_CASE("names and flags are unique") {
  std::set<std::string_view> names;
  std::set<std::string_view> flags;
  for (const auto& each : variables()) {
    CHECK(names.insert(each.name).second);
    CHECK(flags.insert(each.flag).second);
    CHECK((each.set != nullptr));
  }
}

TEST_CASE("what config prints can be loaded again") {
  std::string file;
  const auto first = loaded({"--roles", "ui", "--addr", "[::1]:9"});
  for (const auto& line : first.lines) file += std::string{line.about->name} + "=" + line.value + "\n";
  CHECK(describe(loaded({}, home, file)).find("AGENTMON_ADDR=[::1]:9  # .env") != std::string::npos);
}

TEST_CASE(".env.example is what config --example prints, and changes nothing") {
  std::ifstream file{AGENTMON_ROOT "/.env.example"};
  std::ostringstream text;
  text << file.rdbuf();
  CHECK(text.str() == example_env_file());
  CHECK(describe(loaded({}, home, text.str())) == describe(loaded({})));
}

TEST_CASE("addresses are read and written") {
  for (const auto* const text : {":0", "h:1", "127.0.0.1:65535", "[::1]:80", "[fe80::1%eth0]:1"}) {
    const auto parsed = parse_endpoint(text);
    REQUIRE(parsed);
    CHECK(to_string(*parsed) == text);
  }
  CHECK(local_url({"", 1}) == "http://127.0.0.1:1");
  CHECK(local_url({"0.0.0.0", 1}) == "http://127.0.0.1:1");
  CHECK(local_url({"::", 1}) == "http://127.0.0.1:1");
  CHECK(local_url({"::1", 1}) == "http://[::1]:1");
}
