#include "tests/bus/nats_fixture.hpp"

#include <doctest/doctest.h>

#include <csignal>
#include <cstdlib>
#include <netinet/in.h>
#include <random>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace agentmon::bus::test {
namespace {

class tcp_socket {
public:
  tcp_socket() : fd_{socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {}
  ~tcp_socket() { close(fd_); }
  tcp_socket(const tcp_socket&) = delete;
  tcp_socket& operator=(const tcp_socket&) = delete;

  int bind_to_free_port() {
    auto address = loopback(0);
    socklen_t size = sizeof address;
    REQUIRE(bind(fd_, reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    return ntohs(address.sin_port);
  }

  bool connects_to(int port) {
    auto address = loopback(port);
    return connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }

private:
  static sockaddr_in loopback(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
  }

  int fd_;
};

template <class T>
T required(result<T> r) {
  if (!r) FAIL(r.error().message);
  return std::move(*r);
}

} // namespace

temporary_folder::temporary_folder() {
  auto pattern = (std::filesystem::temp_directory_path() / "agentmon-bus-XXXXXX").string();
  REQUIRE(mkdtemp(pattern.data()) != nullptr);
  path_ = pattern;
}

temporary_folder::~temporary_folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

nats_server::nats_server() : nats_server{options{}} {}

nats_server::nats_server(options o) : options_{std::move(o)} {
  port_ = tcp_socket{}.bind_to_free_port();
  start();
}

nats_server::~nats_server() { kill(); }

std::string nats_server::url() const { return "nats://127.0.0.1:" + std::to_string(port_); }

bus_settings nats_server::settings() const { return {.url = url(), .stream_bytes = 64 * limits::MiB}; }

void nats_server::start() {
  std::vector<std::string> words{"nats-server",         "--addr", "127.0.0.1",           "--port",
                                 std::to_string(port_), "--log",  folder_.path() / "log"};
  if (options_.jetstream) words.insert(words.end(), {"--jetstream", "--store_dir", store()});
  words.insert(words.end(), options_.arguments.begin(), options_.arguments.end());
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  process_ = fork();
  REQUIRE(process_ >= 0);
  if (process_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    execvp(argv[0], argv.data());
    _exit(127);
  }
  const bool listening = eventually([&] { return tcp_socket{}.connects_to(port_); });
  REQUIRE_MESSAGE(listening, "nats-server does not start; is it installed?");
}

void nats_server::end(int signal) {
  if (process_ < 0) return;
  ::kill(process_, signal);
  ::kill(process_, SIGCONT);
  waitpid(process_, nullptr, 0);
  process_ = -1;
}

void nats_server::stop() { end(SIGTERM); }
void nats_server::kill() { end(SIGKILL); }

void nats_server::freeze() {
  ::kill(process_, SIGSTOP);
  waitpid(process_, nullptr, WUNTRACED); // the signal is not the stop
}

void nats_server::thaw() { ::kill(process_, SIGCONT); }

void nats_server::wipe_store() { std::filesystem::remove_all(store()); }

void nats_server::save_store() {
  std::filesystem::remove_all(saved());
  std::filesystem::copy(store(), saved(), std::filesystem::copy_options::recursive);
}

void nats_server::restore_store() {
  wipe_store();
  std::filesystem::copy(saved(), store(), std::filesystem::copy_options::recursive);
}

epoch::epoch(const bus_settings& settings)
    : bus{required(
        connection::open(settings, {.on_lost = [this](std::string reason) { lost.add(std::move(reason)); }}))},
      stream{ensure_stream(bus)},
      consumer{ensure_consumer(bus)},
      out{required(publisher::open(bus, {.on_ack =
                                             [this](uint64_t token, uint64_t sequence, bool duplicate) {
                                               answers.add({token, sequence, duplicate, fault::invalid, ""});
                                             },
                                         .on_refused =
                                             [this](uint64_t token, fault code, std::string reason) {
                                               answers.add({token, 0, false, code, std::move(reason)});
                                             }}))},
      in{required(puller::open(bus, {.on_message = [this](bus_message m) { messages.add(std::move(m)); },
                                     .on_ended = [this](result<size_t> end) { ends.add(std::move(end)); }}))} {
  if (!stream) FAIL(stream.error().message);
  if (!consumer) FAIL(consumer.error().message);
}

answer epoch::publish(std::string_view events, const std::string& id) {
  const auto count = answers.size();
  if (const auto sent = out.publish(events, id, count + 1); !sent) FAIL(sent.error().message);
  const auto all = answers.wait_for(count + 1);
  REQUIRE(all.size() == count + 1);
  CHECK(all.back().token == count + 1);
  return all.back();
}

result<size_t> epoch::pull(puller::demand demand) {
  const auto count = ends.size();
  if (const auto asked = in.request(demand); !asked) return tl::unexpected{asked.error()};
  const auto all = ends.wait_for(count + 1);
  REQUIRE(all.size() == count + 1);
  return all.back();
}

std::string incompressible(size_t bytes) {
  std::string text(bytes, '\0');
  std::minstd_rand random;
  for (auto& c : text) c = static_cast<char>('A' + random() % 26);
  return text;
}

} // namespace agentmon::bus::test
