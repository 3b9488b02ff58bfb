#pragma once
#include "protocol/failure.hpp"
#include "services/process.hpp"

#include <chrono>
#include <csignal>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace agentmon::service {

/// A user of this machine.
struct account {
  uid_t user = 0;
  gid_t group = 0;
  std::vector<gid_t> groups; ///< all of them
  std::string name;

  /// The account of that name; fault::not_found when there is none.
  static result<account> named(const std::string& name);
};

/// The descriptor number under which a child finds what command::held named.
constexpr int held_descriptor = 3;

/// A program and everything that it gets from us. It gets nothing else: no other descriptor, no environment.
struct command {
  std::vector<std::string> arguments;        ///< the first is the absolute path of the program
  std::vector<std::string> environment = {}; ///< NAME=value
  std::filesystem::path folder = "/";        ///< working directory
  std::filesystem::path output = {};         ///< where standard output and error are appended; made 0600 when absent
  std::string input = {};                    ///< what it reads on standard input
  int held = -1;                             ///< a descriptor of ours that it has as held_descriptor; -1: none
  std::optional<account> user = {};          ///< to run as; we must be root
  int signal_when_orphaned = SIGTERM;        ///< sent by the kernel when we end, however we end
};

/// A child process in a session of its own (a Ctrl-C in our terminal does not reach it), with all signals at their
/// default and unblocked. For one thread at a time.
///
/// The kernel takes "we end" as "the thread that called start() ends" (prctl(2), PR_SET_PDEATHSIG): call it on a
/// thread that lives as long as the child is to live.
class child {
public:
  /// Returns once the program runs in the child, or with what went wrong on the way there: fault::invalid.
  static result<child> start(const command&);

  child(child&&) = default;
  child& operator=(child&& other) noexcept {
    std::swap(process_, other.process_);
    std::swap(ending_, other.ending_);
    return *this;
  }

  /// A child that still runs is killed (SIGKILL) and waited for.
  ~child();

  pid_t id() const { return process_->id(); }
  bool running() { return !wait_for(std::chrono::milliseconds{0}); }

  /// Waits until it has ended, at most that long. True when it has ended.
  bool wait_for(std::chrono::milliseconds);

  void signal(int number) const { process_->signal(number); }

  /// How it ended, e.g. "exited with status 1" or "was ended by signal 9 (Killed)"; "runs" while it does.
  std::string ending() const { return ending_.value_or("runs"); }

private:
  explicit child(process it) : process_{std::make_unique<process>(std::move(it))} {}

  std::unique_ptr<process> process_; // empty when moved from
  std::optional<std::string> ending_;
};

/// Runs a program to its end and gives what it wrote (command::output is not used). Fails when it does not exit with
/// status 0 (fault::unavailable, with its last lines), or not in time (fault::timeout; it is killed then).
result<std::string> run(command, std::chrono::milliseconds timeout);

/// The last lines of a text, for a message: at most `lines`, joined by " | ", without blank ones.
std::string last_lines(std::string_view text, size_t lines);

} // namespace agentmon::service
