#include "asking.hpp"
#include "services/child.hpp"
#include "services/files.hpp"

#include <unistd.h>

// Through a private libvirtd: what its users see when it is away, comes back, or stands still.
namespace agentmon::monitor {
namespace {

using namespace testing;

/// libvirtd of an ordinary user, with all that it has in a folder of its own; libvirt's test driver lives in it.
class daemon {
public:
  daemon() {
    service::command what{.arguments = {must(service::find_program("libvirtd")).string()},
                          .environment = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=" + folder_.path.string()},
                          .output = folder_.path / "output.log"};
    for (const auto* const each : {"RUNTIME_DIR", "CONFIG_HOME", "CACHE_HOME", "DATA_HOME"})
      what.environment.push_back("XDG_" + std::string{each} + "=" + folder_.path.string());
    if (::geteuid() == 0) {
      what.user = must(service::account::named("nobody"));
      REQUIRE(::chown(folder_.path.c_str(), what.user->user, what.user->group) == 0);
    }
    command_ = std::move(what);
    start();
  }

  void start() {
    std::filesystem::remove(socket());
    process_.emplace(must(service::child::start(command_)));
    REQUIRE(eventually([&] { return std::filesystem::exists(socket()); }));
  }

  void signal(int number) { process_->signal(number); }
  bool ends() { return process_->wait_for(10s); }

  std::string uri() const { return "test+unix:///default?socket=" + socket().string(); }

private:
  std::filesystem::path socket() const { return folder_.path / "libvirt" / "libvirt-sock"; }

  temporary_folder folder_;
  service::command command_;
  std::optional<service::child> process_;
};

bool reads(hypervisors& all, const std::string& uri) {
  const auto told = read(all, uri, "test");
  return told && told->state == domain_state::running;
}

TEST_CASE("libvirtd is killed and started again: away, told at once, and back") {
  daemon libvirtd;
  hypervisors all;
  REQUIRE(reads(all, libvirtd.uri()));
  const auto helpers = helpers_of(::getpid());

  libvirtd.signal(SIGKILL);
  REQUIRE(libvirtd.ends());
  const auto away = read(all, libvirtd.uri(), "test");
  REQUIRE_FALSE(away);
  CHECK(away.error().code == fault::unavailable);
  CHECK_MESSAGE(away.error().message.find("does libvirtd run there?") != std::string::npos, away.error().message);

  libvirtd.start();
  CHECK(eventually([&] { return reads(all, libvirtd.uri()); }));
  CHECK(helpers_of(::getpid()) == helpers);
}

TEST_CASE("libvirtd is restarted between two readings: nobody notices") {
  daemon libvirtd;
  hypervisors all;
  REQUIRE(reads(all, libvirtd.uri()));
  libvirtd.signal(SIGKILL);
  REQUIRE(libvirtd.ends());
  libvirtd.start();
  hypervisors others; // its socket is there before it takes connections, which may take it seconds
  REQUIRE(eventually([&] { return reads(others, libvirtd.uri()); }));
  CHECK(reads(all, libvirtd.uri()));
}

TEST_CASE("libvirtd stands still: a time-out in words, for those who ask meanwhile at once, then recovery") {
  daemon libvirtd;
  hypervisors all;
  REQUIRE(reads(all, libvirtd.uri()));

  libvirtd.signal(SIGSTOP);
  const auto frozen = read(all, libvirtd.uri(), "test");
  REQUIRE_FALSE(frozen);
  CHECK(frozen.error().code == fault::timeout);
  CHECK_MESSAGE(frozen.error().message.find("did not answer within 3 s") != std::string::npos, frozen.error().message);
  const auto began = std::chrono::steady_clock::now();
  const auto meanwhile = read(all, libvirtd.uri(), "test");
  CHECK(std::chrono::steady_clock::now() - began < 1s);
  REQUIRE_FALSE(meanwhile);
  CHECK_MESSAGE(meanwhile.error().message.find("asked again in") != std::string::npos, meanwhile.error().message);

  libvirtd.signal(SIGCONT);
  CHECK(eventually([&] { return reads(all, libvirtd.uri()); }));
}

} // namespace
} // namespace agentmon::monitor
