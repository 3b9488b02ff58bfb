#include "monitor/visits.hpp"

#include "plain_server.hpp"
#include "protocol/limits.hpp"
#include "services/files.hpp"
#include "sshd.hpp"

#include <doctest/doctest.h>

#include <future>

namespace agentmon::monitor {
namespace {

using namespace std::chrono_literals;
using service::testing::eventually;
using service::testing::must;
using testing::manner;
using testing::plain_server;
using testing::sshd;

std::future<inside_reading> begin(visits& all, const ssh_place& place, const gateway_place& gateway = {}) {
  auto promise = std::make_shared<std::promise<inside_reading>>();
  all.visit(place, gateway, [promise](inside_reading reading) { promise->set_value(std::move(reading)); });
  return promise->get_future();
}

inside_reading end(std::future<inside_reading>& coming) {
  REQUIRE(coming.wait_for(60s) == std::future_status::ready);
  return coming.get();
}

inside_reading visit(visits& all, const ssh_place& place) {
  auto coming = begin(all, place);
  return end(coming);
}

bool says(const inside_reading& reading, std::string_view words) {
  INFO(reading.reason);
  return reading.reason.find(words) != std::string::npos;
}

ssh_place at_port(ssh_place place, uint16_t port) {
  place.port = port;
  return place;
}

std::string log_of(const sshd& server) { return service::read_file(server.folder() / "sshd.log").value_or(""); }

void write(const std::filesystem::path& file, const std::string& text) {
  must(service::write_private_file(file, text));
}

TEST_CASE("a machine is visited, and its connection is used again") {
  sshd server;
  visits all;
  const auto first = visit(all, server.place());
  INFO(first.reason);
  REQUIRE(first.how == reach::reached);
  CHECK(first.reason.empty());
  REQUIRE(first.view);
  CHECK(first.view->memory_total > 0);
  CHECK(first.view->cpu_busy > 0);
  CHECK_FALSE(first.view->disks.empty());
  CHECK_FALSE(first.view->boot_id.empty());
  CHECK(server.sessions() > 0);
  const auto again = visit(all, server.place());
  REQUIRE(again.view);
  CHECK(again.view->cpu_total >= first.view->cpu_total);
  CHECK(log_of(server).find("Accepted publickey") == log_of(server).rfind("Accepted publickey"));
  all.forget(server.place());
  CHECK(eventually([&] { return server.sessions() == 0; }));
}

TEST_CASE("visits to one machine follow one another") {
  sshd server;
  visits all;
  const auto mark = (server.folder() / "inside").string();
  // Two at a time would find the other one's folder.
  server.authorize("command=\"mkdir " + mark + " || exit 9; sleep 0.2; rmdir " + mark + "; exit 5\"");
  std::vector<std::future<inside_reading>> coming;
  const auto place = server.place();
  for (int i = 0; i < 3; ++i) coming.push_back(begin(all, place));
  for (auto& each : coming) CHECK(says(end(each), "status 5"));
}

TEST_CASE("keys that do not fit are told apart") {
  sshd server{{.host_keys = {"ed25519", "ecdsa"}}};
  visits all;
  auto place = server.place();

  SUBCASE("the user's") {
    place.key = server.make_key("another", {"-t", "ed25519"});
    auto reading = visit(all, place);
    CHECK(reading.how == reach::key_refused);
    CHECK(says(reading, "authorized_keys"));
    place.key = server.make_key("rsa", {"-t", "rsa", "-b", "2048"});
    reading = visit(all, place);
    CHECK(reading.how == reach::key_refused);
    CHECK(says(reading, "RSA"));
    // Both are read anew: what was mended works at once.
    place = server.place();
    CHECK(visit(all, place).how == reach::reached);
  }
  SUBCASE("a host that is not known") {
    write(place.known_hosts, "# nobody\n");
    const auto reading = visit(all, place);
    CHECK(reading.how == reach::host_key_unknown);
    CHECK(says(reading, "ssh-keyscan"));
    CHECK(says(reading, "SHA256:"));
  }
  SUBCASE("a host that has changed") {
    const auto another = service::read_file(server.make_key("changed", {"-t", "ed25519"}).string() + ".pub");
    write(place.known_hosts, "[127.0.0.1]:" + std::to_string(place.port) + ' ' + another.value_or("") + '\n');
    const auto reading = visit(all, place);
    CHECK(reading.how == reach::host_key_changed);
    CHECK(says(reading, "ssh-keygen -R"));
    CHECK(log_of(server).find("Accepted") == std::string::npos);
  }
  SUBCASE("one of several types of key is known") {
    CHECK(visit(all, server.place("ed25519")).how == reach::reached);
    CHECK(visit(all, server.place("ecdsa")).how == reach::reached);
    const auto reading = visit(all, server.place("rsa"));
    CHECK(reading.how == reach::host_key_unknown); // libssh2 cannot ask this sshd for it, which changed nothing
  }
}

TEST_CASE("what cannot be read of our own is told before anybody is asked") {
  sshd server;
  visits all;
  auto place = server.place();
  const auto reason_of = [&](const std::filesystem::path& key) {
    place.key = key;
    const auto reading = visit(all, place);
    CHECK(reading.how == reach::key_unreadable);
    return reading.reason;
  };
  CHECK(reason_of(server.folder() / "absent").find("cannot be read") != std::string::npos);
  CHECK(reason_of(server.folder() / "user.pub").find("public key") != std::string::npos);
  CHECK(reason_of(server.folder() / "sshd_config").find("no private key") != std::string::npos);
  CHECK(reason_of(server.make_key("locked", {"-t", "ed25519", "-N", "a passphrase"})).find("passphrase")
        != std::string::npos);
  CHECK(reason_of(server.make_key("pem", {"-t", "ecdsa", "-m", "PEM", "-N", "a passphrase"})).find("passphrase")
        != std::string::npos);
  CHECK(reason_of(server.make_key("pkcs8", {"-t", "rsa", "-m", "PKCS8", "-N", "a passphrase"})).find("passphrase")
        != std::string::npos);
  write(server.folder() / "broken",
        "-----BEGIN OPENSSH PRIVATE KEY-----\nYm9yZWQ=\n-----END OPENSSH PRIVATE KEY-----\n");
  CHECK(reason_of(server.folder() / "broken").find("ssh-keygen") != std::string::npos);
  place.key = server.folder() / "user";
  place.known_hosts = server.folder() / "absent";
  const auto reading = visit(all, place);
  CHECK(reading.how == reach::key_unreadable);
  CHECK(says(reading, "known"));
}

TEST_CASE("what is no SSH server is told apart") {
  const sshd keys;
  visits all;
  const auto place = keys.place();

  auto reading = visit(all, at_port(place, testing::free_port()));
  CHECK(reading.how == reach::refused);
  CHECK(says(reading, "nobody listens"));

  const plain_server web{manner::closes, "HTTP/1.1 400 Bad Request\r\n\r\n"};
  reading = visit(all, at_port(place, web.port));
  CHECK(reading.how == reach::not_ssh);
  CHECK(says(reading, "HTTP/1.1 400"));

  auto nowhere = place;
  nowhere.host = "no-such-host.invalid";
  reading = visit(all, nowhere);
  CHECK(reading.how == reach::unreachable);
  CHECK(says(reading, "no address"));

  sshd hardened{{.settings = "Ciphers chacha20-poly1305@openssh.com"}};
  reading = visit(all, hardened.place());
  CHECK(reading.how == reach::not_ssh);
  CHECK(says(reading, "libssh2"));
}

TEST_CASE("who does not answer is given up, and holds up nobody") {
  const sshd keys;
  const sshd hangs;
  const sshd healthy;
  hangs.authorize("command=\"sleep 100\"");
  const plain_server mute{manner::holds};
  const plain_server mail{manner::holds, "220 mail.test ESMTP\r\n"};
  const plain_server hidden{manner::never_accepts};
  const plain_server rude{manner::closes};
  const auto place = keys.place(); // once: it writes known_hosts, which the visits read
  visits all;
  const auto begun = std::chrono::steady_clock::now();
  auto from_mute = begin(all, at_port(place, mute.port));
  auto from_mail = begin(all, at_port(place, mail.port));
  auto from_hidden = begin(all, at_port(place, hidden.port));
  auto from_rude = begin(all, at_port(place, rude.port));
  auto from_hung = begin(all, hangs.place());
  CHECK(visit(all, healthy.place()).how == reach::reached);
  CHECK(visit(all, healthy.place()).how == reach::reached);
  CHECK(from_hidden.wait_for(0s) == std::future_status::timeout);

  auto reading = end(from_hidden);
  CHECK(reading.how == reach::unreachable);
  CHECK(says(reading, "5 s"));
  reading = end(from_mute);
  CHECK(reading.how == reach::silent);
  CHECK(says(reading, "frozen"));
  reading = end(from_mail);
  CHECK(reading.how == reach::not_ssh);
  CHECK(says(reading, "220 mail.test"));
  reading = end(from_rude);
  CHECK(reading.how == reach::silent);
  CHECK(says(reading, "MaxStartups"));
  reading = end(from_hung);
  CHECK(reading.how == reach::probe_failed);
  CHECK(says(reading, "20 s"));
  CHECK(std::chrono::steady_clock::now() - begun < limits::ssh_probe_timeout + limits::ssh_login_timeout);
}

TEST_CASE("a server that was killed is noticed, and visited again when it is back") {
  sshd server;
  visits all;
  REQUIRE(visit(all, server.place()).how == reach::reached);
  server.stop();
  CHECK(visit(all, server.place()).how == reach::refused);
  server.start();
  CHECK(visit(all, server.place()).how == reach::reached);
  server.stop();
  server.start();
  CHECK(visit(all, server.place()).how == reach::reached);
}

TEST_CASE("a server that is frozen is silent, and heard again when it goes on") {
  sshd server;
  visits all;
  REQUIRE(visit(all, server.place()).how == reach::reached);
  server.signal_all(SIGSTOP);
  const auto reading = visit(all, server.place());
  CHECK(reading.how == reach::silent);
  server.signal_all(SIGCONT);
  CHECK(visit(all, server.place()).how == reach::reached);
}

TEST_CASE("fifty at once get through one sshd with its usual bounds") {
  const sshd server;
  const auto place = server.place();
  visits all;
  std::vector<std::future<inside_reading>> coming;
  for (int i = 0; i < 50; ++i) {
    auto one = place;
    one.known_hosts = server.folder() / ("known_hosts_" + std::to_string(i));
    std::filesystem::copy_file(place.known_hosts, one.known_hosts);
    coming.push_back(begin(all, one));
  }
  for (auto& each : coming) {
    const auto reading = end(each);
    INFO(reading.reason);
    CHECK(reading.how == reach::reached);
  }
}

TEST_CASE("a connection that sshd drops because it has too many is tried again") {
  const sshd server{{.settings = "MaxStartups 2:100:2"}};
  const auto place = server.place();
  visits all;
  std::vector<std::future<inside_reading>> coming;
  for (int i = 0; i < 6; ++i) {
    auto one = place;
    one.known_hosts = server.folder() / ("known_hosts_" + std::to_string(i));
    std::filesystem::copy_file(place.known_hosts, one.known_hosts);
    coming.push_back(begin(all, one));
  }
  for (auto& each : coming) CHECK(end(each).how == reach::reached);
}

TEST_CASE("a command that is not the probe is bounded and shown") {
  const sshd server;
  const auto reading_of = [&](const std::string& command) {
    server.authorize("command=\"" + command + "\"");
    visits all;
    const auto reading = visit(all, server.place());
    CHECK(reading.how == reach::probe_failed);
    CHECK_FALSE(reading.view);
    return reading.reason;
  };
  CHECK(reading_of("yes").find("more than 1 MiB") != std::string::npos);
  CHECK(reading_of("yes >&2").find("more than 1 MiB") != std::string::npos);
  CHECK(reading_of("echo This account is not available.; exit 3").find("status 3 and said \"This account")
        != std::string::npos);
  CHECK(reading_of("echo agentmon-probe=1; echo host=x").find("cut off") != std::string::npos);
  CHECK(reading_of("echo agentmon-probe=9; echo end=1").find("version") != std::string::npos);
  CHECK(reading_of("kill -9 $PPID").find("broke") != std::string::npos);
}

TEST_CASE("a key may be good for an installed probe only") {
  const sshd server;
  const std::string probe = AGENTMON_PROBE;
  server.authorize("restrict,command=\"timeout 15 sh " + probe + " 18789 openclaw-gateway.service\"");
  visits all;
  const auto reading = visit(all, server.place());
  INFO(reading.reason);
  CHECK(reading.how == reach::reached);
}

TEST_CASE("who waits when visits end is told so") {
  const sshd hangs;
  hangs.authorize("command=\"sleep 100\"");
  const plain_server mute{manner::holds};
  const auto place = hangs.place();
  std::vector<std::future<inside_reading>> coming;
  {
    visits all;
    coming.push_back(begin(all, place));
    coming.push_back(begin(all, place));
    coming.push_back(begin(all, at_port(place, mute.port)));
    REQUIRE(eventually([&] { return log_of(hangs).find("Accepted") != std::string::npos; }));
  }
  for (auto& each : coming) {
    REQUIRE(each.wait_for(0s) == std::future_status::ready);
    CHECK(each.get().how == reach::unknown);
  }
}

} // namespace
} // namespace agentmon::monitor
