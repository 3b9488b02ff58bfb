#include "commands/bench/instance.hpp"

#include "commands/bench/figures.hpp"
#include "commands/interrupt.hpp"
#include "http/bind.hpp"
#include "protocol/limits.hpp"
#include "services/files.hpp"

#include <httplib.h>

#include <cstdlib>
#include <linux/magic.h>
#include <sys/vfs.h>

namespace agentmon::bench {
namespace {

namespace fs = std::filesystem;

/// Ports that nobody listens on; all of them are held until the last one is found, so that they differ.
result<std::vector<endpoint>> free_ports(size_t count) {
  std::vector<service::descriptor> held;
  std::vector<endpoint> ports;
  while (ports.size() < count) {
    const auto bound = bind(endpoint{"127.0.0.1", 0});
    if (!bound) return tl::unexpected{bound.error()};
    held.emplace_back(bound->fd);
    ports.push_back({"127.0.0.1", bound->port});
  }
  return ports;
}

bool is_ready(const endpoint& port) {
  httplib::Client http{port.host, port.port};
  http.set_read_timeout(limits::doctor_http_timeout);
  const auto got = http.Get("/readyz");
  return got && got->status == 200 && got->body.find("\"status\":\"ready\"") != std::string::npos;
}

} // namespace

result<temporary_folder> temporary_folder::make() {
  std::error_code error;
  auto name = (fs::temp_directory_path(error) / "agentmon-bench-XXXXXX").string();
  if (error || ::mkdtemp(name.data()) == nullptr)
    return fail(fault::unavailable, "cannot make a folder for the measurement; set TMPDIR to a folder on a real disk");
  return temporary_folder{name};
}

temporary_folder::~temporary_folder() {
  if (path_.empty()) return;
  if (const auto removed = service::remove_tree(path_); !removed)
    std::fprintf(stderr, "agentmon: %s\n", removed.error().message.c_str());
}

bool temporary_folder::is_in_memory() const {
  struct statfs status {};
  return ::statfs(path_.c_str(), &status) == 0 && status.f_type == TMPFS_MAGIC;
}

result<void> instance::launch() {
  std::error_code error;
  const auto program = fs::read_symlink("/proc/self/exe", error);
  if (error) return fail(fault::unavailable, "cannot find this program's own file: " + error.message());
  const auto environment = std::vector<std::string>{
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      "HOME=" + folder_.path().string(),
      "AGENTMON_DATA_DIR=" + data().string(),
      "AGENTMON_ADDR=" + to_string(gateway_),
      "AGENTMON_QUERY_ADDR=" + to_string(query_),
      "AGENTMON_UI_ADDR=" + to_string(page_),
      "AGENTMON_CONTROL_ADDR=none",
      "OPENCLAW_REGISTRY=" + (folder_.path() / "no-instances.json").string(),
  };
  auto started = service::child::start({.arguments = {program.string(), "up"},
                                        .environment = environment,
                                        .folder = folder_.path(),
                                        .output = folder_.path() / "agentmon.log"});
  if (!started) return tl::unexpected{started.error()};
  process_ = std::make_unique<service::child>(std::move(*started));
  return {};
}

result<void> instance::wait_until_ready() {
  const auto begin = steady::now();
  while (!is_ready(gateway_) || !is_ready(query_)) {
    if (const auto ended = ending()) return fail(fault::unavailable, *ended);
    if (steady::now() - begin > limits::bench_start_timeout)
      return fail(fault::timeout,
                  "the private instance does not get ready; its log ends: "
                      + service::last_lines(service::read_file(folder_.path() / "agentmon.log").value_or(""), 3));
    if (!interrupt::pause(limits::bench_look)) return fail(fault::stopping, "interrupted");
  }
  auto found = private_database::in(data());
  if (!found) return tl::unexpected{found.error()};
  database_.emplace(std::move(*found));
  return {};
}

result<instance> instance::start() {
  auto folder = temporary_folder::make();
  if (!folder) return tl::unexpected{folder.error()};
  const auto ports = free_ports(3);
  if (!ports) return tl::unexpected{ports.error()};
  instance fresh{std::move(*folder), (*ports)[0], (*ports)[1]};
  fresh.page_ = (*ports)[2];
  if (auto ready = fresh.launch().and_then([&] { return fresh.wait_until_ready(); }); !ready)
    return tl::unexpected{ready.error()};
  return fresh;
}

instance::~instance() {
  if (!process_ || !process_->running()) return;
  process_->signal(SIGTERM);
  process_->wait_for(limits::bench_stop_timeout); // then child's destructor kills it
}

std::string instance::database(const std::string& name) const {
  const auto ours = database_->connection_string();
  return name.empty() ? ours : ours + " dbname=" + name; // the last one counts
}

result<std::string> instance::nats_url() const {
  const auto folder = data() / "nats";
  const auto port = service::read_file(folder / "port"), password = service::read_file(folder / "password");
  if (!port || !password) return fail(fault::unavailable, "there is no private NATS in " + data().string());
  return "nats://agentmon:" + *password + "@127.0.0.1:" + *port;
}

std::optional<std::string> instance::ending() {
  if (process_->running()) return std::nullopt;
  return "the private instance " + process_->ending() + "; its log ends: "
         + service::last_lines(service::read_file(folder_.path() / "agentmon.log").value_or(""), 3);
}

} // namespace agentmon::bench
