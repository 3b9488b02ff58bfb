#pragma once
#include "../services/temporary.hpp"
#include "monitor/hypervisors.hpp"
#include "services/process.hpp"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <future>
#include <string>
#include <vector>

namespace agentmon::monitor::testing {

using namespace std::chrono_literals;
using service::testing::eventually;
using service::testing::must;
using service::testing::temporary_folder;

/// What hypervisors promises at most, and what a busy machine may add.
constexpr auto patience = 2 * 3s + 20s;

inline std::future<outside_reading> ask(hypervisors& whom, const std::string& uri, const std::string& domain) {
  auto told = std::make_shared<std::promise<outside_reading>>();
  auto future = told->get_future();
  whom.read({uri, domain}, [told](outside_reading it) { told->set_value(std::move(it)); });
  return future;
}

inline outside_reading read(hypervisors& whom, const std::string& uri, const std::string& domain) {
  auto future = ask(whom, uri, domain);
  REQUIRE(future.wait_for(patience) == std::future_status::ready);
  return future.get();
}

inline std::string text_of(const std::filesystem::path& file) {
  std::ifstream in{file};
  std::string text;
  std::getline(in, text, '\0');
  return text;
}

/// The helper processes that a process has now.
inline std::vector<pid_t> helpers_of(pid_t parent) {
  std::vector<pid_t> found;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator{"/proc", ignored}) {
    const auto status = text_of(entry.path() / "status");
    if (status.find("Name:\tagentmon-helper\n") != status.npos
        && status.find("\nPPid:\t" + std::to_string(parent) + "\n") != status.npos
        && status.find("\nState:\tZ") == status.npos)
      found.push_back(std::stoi(entry.path().filename()));
  }
  return found;
}

} // namespace agentmon::monitor::testing
