#include "delivery.hpp"
#include "encode.hpp"
#include "gateway.hpp"

#include <agentmon/sdk.hpp>
#include <algorithm>
#include <array>
#include <cctype>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <set>
#include <thread>
#include <unistd.h>

namespace agentmon::sdk {
namespace {

thread_local const scope* innermost = nullptr;

identity around() { return innermost ? innermost->ids() : identity{}; }

std::string environment(const char* name) {
  const char* found = std::getenv(name); // NOLINT(concurrency-mt-unsafe): nobody sets variables beside threads
  return found ? found : "";
}

std::string either(std::string one, std::string other) { return one.empty() ? std::move(other) : std::move(one); }

std::string machine() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown";
}

bool captures() {
  std::string word = environment("AGENTMON_CAPTURE_CONTENT");
  std::ranges::transform(word, word.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return word != "0" && word != "no" && word != "off" && word != "false";
}

std::string new_id() { return detail::uuid7(std::chrono::system_clock::now()); }

} // namespace

namespace detail {

/// What an emitter and its scopes share.
class core {
public:
  explicit core(const config& of) {
    const std::string name = either(environment("AGENTMON_VM_NAME"), machine());
    source_ = {of.framework, either(of.client_id, name), either(of.host, name), captures()};
    try {
      gateway_ = std::make_unique<gateway>(either(of.url, environment("AGENTMON_INGEST_URL")),
                                           either(of.token, environment("AGENTMON_INGEST_TOKEN")));
    } catch (const std::exception& wrong) {
      say("no_gateway", std::string(wrong.what()) + "; nothing is sent");
      return;
    }
    try {
      if (!of.spool.empty()) waiting_ = std::make_unique<spool>(of.spool);
    } catch (const std::exception& failure) {
      say("spool", std::string("the spool cannot be used, events wait in memory: ") + failure.what());
    }
    if (!waiting_) {
      auto in_memory = std::make_unique<memory>();
      memory_ = in_memory.get();
      waiting_ = std::move(in_memory);
    }
    thread_ = std::thread([this] { work(); });
  }

  ~core() { close(std::chrono::milliseconds(0)); }

  void tell(event what) noexcept {
    try {
      if (!gateway_) return drop("no_gateway");
      if (is_closed()) return drop("closed", "an event was told after close");
      if (!waiting_->add(encode(std::move(what), source_))) return drop("full", "there is no more room for events");
      wake();
    } catch (const too_large& failure) {
      drop("too_large", std::string("an event is too large: ") + failure.what());
    } catch (const std::exception& failure) {
      drop("invalid", std::string("an event cannot be told: ") + failure.what());
    }
  }

  bool flush(std::chrono::milliseconds most) {
    if (!gateway_) return true;
    std::unique_lock lock(mutex_);
    hurry_ = true;
    changed_.notify_all();
    return changed_.wait_for(lock, most, [this] { return waiting_->empty(); });
  }

  bool close(std::chrono::milliseconds most) {
    {
      const std::lock_guard lock(mutex_);
      if (closed_) return true;
      closed_ = true;
    }
    if (!gateway_) return true;
    const bool done = flush(most);
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    gateway_->stop();
    thread_.join();
    if (memory_ && !memory_->empty()) drop("closed", "the gateway was away until the end", memory_->size());
    return done;
  }

  std::map<std::string, std::size_t> dropped() const {
    const std::lock_guard lock(mutex_);
    return dropped_;
  }

private:
  void work() {
    const draining way{[this](const auto& events) { return gateway_->post(events); },
                       [this](auto seconds) { return pause(seconds); },
                       [this](std::size_t count) { drop("rejected", {}, count); },
                       [this](std::string_view kind, const std::string& text) { say(kind, text); }};
    for (;;) {
      try {
        drain(*waiting_, way);
      } catch (const std::exception& failure) { // as no memory
        say("fault", std::string("events cannot be sent: ") + failure.what());
        pause(std::chrono::seconds(60));
      }
      wake();
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return stopping_ || !waiting_->empty(); });
      if (stopping_) return;
    }
  }

  bool pause(std::chrono::duration<double> most) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, most, [this] { return stopping_ || hurry_; });
    hurry_ = false;
    return !stopping_;
  }

  /// The lock makes sure that nobody is between looking and waiting.
  void wake() {
    { const std::lock_guard lock(mutex_); }
    changed_.notify_all();
  }

  bool is_closed() const {
    const std::lock_guard lock(mutex_);
    return closed_;
  }

  void drop(const std::string& reason, const std::string& why = {}, std::size_t count = 1) {
    {
      const std::lock_guard lock(mutex_);
      dropped_[reason] += count;
    }
    if (!why.empty()) say(reason, why + ": dropped (" + reason + ')');
  }

  /// For people, once of each kind.
  void say(std::string_view kind, const std::string& text) {
    const std::lock_guard lock(mutex_);
    if (said_.emplace(kind).second) std::fprintf(stderr, "agentmon: %s\n", text.c_str());
  }

  source source_;
  std::unique_ptr<gateway> gateway_; // none: there is nowhere to send to
  std::unique_ptr<waiting> waiting_;
  memory* memory_ = nullptr; // waiting_, if it is that
  std::thread thread_;

  mutable std::mutex mutex_; // guards what follows
  std::condition_variable changed_;
  bool closed_ = false, stopping_ = false, hurry_ = false;
  std::map<std::string, std::size_t> dropped_;
  std::set<std::string, std::less<>> said_;
};

} // namespace detail

// -- scopes
// ------------------------------------------------------------------------------------------------------------

namespace {

identity of_run(const identity& outer, const std::string& id) {
  return {either(outer.session_id, new_id()), either(id, new_id())};
}

identity of_span(const identity& outer, const std::string& id) {
  return {either(outer.session_id, new_id()), either(outer.run_id, new_id()), either(id, new_id()), outer.span_id};
}

object labels(std::string kind, std::string name) {
  object known{{"kind", std::move(kind)}};
  if (!name.empty()) known.push_back({"name", std::move(name)});
  return known;
}

} // namespace

scope::scope(std::shared_ptr<detail::core> core, std::string level, identity ids, object labels, value input)
    : core_(std::move(core)),
      level_(std::move(level)),
      ids_(std::move(ids)),
      labels_(std::move(labels)),
      outer_(innermost) {
  innermost = this;
  object told = labels_;
  if (!input.is_null()) told.push_back({"input", std::move(input)});
  core_->tell({level_ + ".start", std::move(told), ids_});
}

scope::~scope() {
  if (innermost == this) innermost = outer_;
  if (status_.empty() && std::uncaught_exceptions() > exceptions_) failed("exception", "An exception left the scope.");
  object told = labels_;
  if (!output_.is_null()) told.push_back({"output", std::move(output_)});
  if (usage_) told.push_back({"usage", std::move(*usage_)});
  told.push_back({"status", status_.empty() ? "success" : status_});
  if (!error_.empty()) told.push_back({"error", std::move(error_)});
  if (level_ != "session") {
    const auto took = std::chrono::steady_clock::now() - began_;
    const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(took).count();
    told.push_back({"duration_ms", static_cast<double>(micros) / 1000});
  }
  core_->tell({level_ + ".end", std::move(told), ids_});
}

void scope::failed(std::string type, std::string message) {
  status_ = "error";
  error_ = {{"type", std::move(type)}, {"message", std::move(message)}};
}

void scope::failed(const std::exception& error) { failed("exception", error.what()); }

scope scope::run(given more) const { return {core_, "run", of_run(ids_, more.id), {}, std::move(more.input)}; }

scope scope::span(std::string kind, std::string name, given more) const {
  return {core_, "span", of_span(ids_, more.id), labels(std::move(kind), std::move(name)), std::move(more.input)};
}

// -- the emitter
// -------------------------------------------------------------------------------------------------------

emitter::emitter(const config& of) noexcept : core_(std::make_shared<detail::core>(of)) {}

emitter::~emitter() { close(); }

void emitter::emit(event what) noexcept {
  if (what.ids.session_id.empty()) {
    std::string trace = std::move(what.ids.trace_id);
    what.ids = around();
    what.ids.trace_id = std::move(trace);
  }
  core_->tell(std::move(what));
}

scope emitter::session(given more) {
  return {core_, "session", {either(more.id, new_id())}, {}, std::move(more.input)};
}

scope emitter::run(given more) { return {core_, "run", of_run(around(), more.id), {}, std::move(more.input)}; }

scope emitter::span(std::string kind, std::string name, given more) {
  return {core_, "span", of_span(around(), more.id), labels(std::move(kind), std::move(name)), std::move(more.input)};
}

bool emitter::flush(std::chrono::milliseconds most) noexcept { return core_->flush(most); }

bool emitter::close(std::chrono::milliseconds most) noexcept { return core_->close(most); }

std::map<std::string, std::size_t> emitter::dropped() const { return core_->dropped(); }

} // namespace agentmon::sdk
