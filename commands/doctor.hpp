#pragma once
#include "protocol/limits.hpp"
#include "settings/settings.hpp"
#include "store/verify.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace agentmon {

/// One thing that was looked at.
struct finding {
  std::string what;
  bool is_problem = false;
  std::string message; ///< what was found and, for a problem, what to do
};

/// The data folder: is it there and ours, is there space?
finding check_data_folder(const settings&);

/// Does a port of this machine answer, and what does it say about what it depends on?
std::vector<finding> check_port(const std::string& what, const endpoint&);

/// Does somebody answer there as NATS does?
finding check_nats(const std::string& urls, std::chrono::milliseconds timeout = limits::doctor_http_timeout);

/// Does PostgreSQL answer, is its schema this program's, is its clock like ours?
std::vector<finding> check_database(const std::string& connection_string);

/// What a verification found, in words: the counts, then every difference.
std::vector<finding> told(const store::verify_report&);

} // namespace agentmon
