#include "commands/doctor.hpp"

#include "commands/commands.hpp"
#include "commands/private_database.hpp"
#include "protocol/limits.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

namespace agentmon {
namespace {

constexpr std::array flags_of_doctor{
    flag{"verify", "", "Compute sessions, runs, rollups and machines again from all stored events and compare."},
};

/// Prints findings as they come and counts the problems.
class printer {
public:
  void operator()(const finding& f) {
    if (f.is_problem) ++problems_;
    std::printf("%-8s %-22s %s\n", f.is_problem ? "problem" : "ok", f.what.c_str(), f.message.c_str());
    std::fflush(stdout); // the next check may take its time
  }
  void operator()(const std::vector<finding>& all) {
    for (const auto& each : all) (*this)(each);
  }

  int finish() const {
    if (problems_ == 0)
      std::puts("Everything is in order.");
    else
      std::printf("%d %s to look at.\n", problems_, problems_ == 1 ? "problem" : "problems");
    return problems_ == 0 ? exit_ok : exit_problem;
  }

private:
  int problems_ = 0;
};

finding check_settings(const configuration& c) {
  const auto given =
      std::count_if(c.lines.begin(), c.lines.end(), [](const setting_line& l) { return l.from != origin::preset; });
  return {"settings", false,
          "valid, " + std::to_string(given) + " of " + std::to_string(c.lines.size())
              + " differ from the default (agentmon config)"};
}

/// Looks at the whole database; the events it reads are all there are, so it takes its time.
void verify_database(const std::string& connection_string, printer& print) {
  auto db = store::connect(connection_string, limits::doctor_verify_timeout);
  if (!db) return print(finding{"verification", true, db.error().message});
  std::fputs("reading every stored event ...\n", stderr);
  const auto verified = store::verify(*db);
  if (!verified) return print(finding{"verification", true, verified.error().message});
  print(told(*verified));
}

} // namespace

std::span<const flag> doctor_flags() { return flags_of_doctor; }

int run_doctor(const invocation& given) {
  if (!given.flags.words.empty())
    return complain("doctor takes only flags, not " + given.flags.words.front()), exit_usage;
  const auto& s = given.config.values;
  printer print;
  print(check_settings(given.config));
  print(check_data_folder(s));
  if (s.has(role::ingest)) print(check_port("gateway", s.addr));
  if (s.has(role::query)) print(check_port("query", s.query_addr));
  if (s.has(role::ui)) print(check_port("page", s.ui_addr));
  if (!s.has_port()) print(check_port("health", s.metrics_addr));
  if (s.nats_url) print(check_nats(*s.nats_url));
  const auto database = private_database::in(s.data_dir);
  const auto connection_string = s.database_url ? result<std::string>{*s.database_url}
                                                : database.map([](const auto& d) { return d.connection_string(); });
  if (!connection_string) {
    print(finding{"PostgreSQL", true, connection_string.error().message});
    return print.finish();
  }
  print(check_database(*connection_string));
  if (given.flags.has("verify")) verify_database(*connection_string, print);
  return print.finish();
}

} // namespace agentmon
