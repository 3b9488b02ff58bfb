#pragma once
#include <httplib.h>

#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

/// A small gateway for tests, on a free port of the loopback: remembers what it is sent and answers by a script.
class test_gateway {
public:
  using answer = std::function<void(const httplib::Request&, httplib::Response&)>;

  /// `script` answers the first requests, one each; the last one goes on answering.
  explicit test_gateway(std::vector<answer> script) : script_{std::move(script)} {
    server_.Post("/v1/events", [this](const httplib::Request& request, httplib::Response& response) {
      const std::lock_guard lock{mutex_};
      requests_.push_back(request);
      script_[std::min(requests_.size(), script_.size()) - 1](request, response);
    });
    port_ = server_.bind_to_any_port("127.0.0.1");
    thread_ = std::thread{[this] { server_.listen_after_bind(); }};
    while (!server_.is_running()) std::this_thread::yield();
  }
  ~test_gateway() {
    server_.stop();
    thread_.join();
  }
  test_gateway(const test_gateway&) = delete;
  test_gateway& operator=(const test_gateway&) = delete;

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  httplib::Server& server() { return server_; }
  int port() const { return port_; }

  std::vector<httplib::Request> requests() const {
    const std::lock_guard lock{mutex_};
    return requests_;
  }

private:
  httplib::Server server_;
  std::vector<answer> script_;
  mutable std::mutex mutex_;
  std::vector<httplib::Request> requests_;
  int port_ = 0;
  std::thread thread_;
};

inline test_gateway::answer says(int status, std::string body, std::string retry_after = {}) {
  return [=](const httplib::Request&, httplib::Response& response) {
    response.status = status;
    if (!retry_after.empty()) response.set_header("Retry-After", retry_after);
    response.set_content(body, "application/json");
  };
}
