#include "monitor/visits.hpp"

#include "monitor/probe.hpp"
#include "monitor/probe_answer.hpp"
#include "monitor/ssh_connection.hpp"
#include "protocol/limits.hpp"
#include "protocol/one_line.hpp"
#include "protocol/utf_8.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <mutex>
#include <poll.h>
#include <random>
#include <sys/eventfd.h>
#include <thread>
#include <tuple>
#include <vector>

namespace agentmon::monitor {
namespace {

using clock = std::chrono::steady_clock;
using progress = ssh_connection::progress;

struct by_place {
  static auto parts(const ssh_place& it) { return std::tie(it.host, it.port, it.user, it.key, it.known_hosts); }
  bool operator()(const ssh_place& left, const ssh_place& right) const { return parts(left) < parts(right); }
};

struct request {
  gateway_place gateway;
  visits::tell told;
};

/// Where the visit stands that is first of those asked for.
enum class stage : uint8_t {
  resting,    ///< nobody asks
  looking_up, ///< its host's addresses
  queued,     ///< until its host has a free handshake
  logging_in, ///< holds one of its host's handshakes
  probing,
  pausing, ///< before it tries once more
};

struct machine {
  explicit machine(const ssh_place& it) : place{it}, connection{it} {}

  const ssh_place place;
  ssh_connection connection;
  std::deque<request> asked; ///< a registry's entries of the same place ask once each
  stage at = stage::resting;
  clock::time_point until = clock::time_point::max(); ///< while looking up or pausing
  clock::time_point tried_until;                      ///< until then this visit may connect once more
  std::chrono::milliseconds pause{0};
  std::vector<address> addresses;
  bool forgotten = false;
};

using host = std::pair<std::string, uint16_t>;
host host_of(const machine& it) { return {it.place.host, it.place.port}; }

inside_reading reading_of(const ssh_connection::output& output) {
  auto view = parse_probe_answer(output.text);
  if (view) return {reach::reached, {}, std::move(*view)};
  const auto& heard = output.errors.empty() ? output.text : output.errors;
  auto words = one_line(to_utf_8(heard.substr(0, limits::probe_errors_bytes)), limits::probe_text_characters);
  auto reason = view.error().message + "; it ended with status " + std::to_string(output.status);
  if (output.status == 124) // of timeout(1)
    reason += ", after " + std::to_string(limits::probe_run_timeout.count()) + " s: is the machine overloaded?";
  else if (!words.empty())
    reason += " and said \"" + words + '"';
  return {reach::probe_failed, std::move(reason), std::nullopt};
}

} // namespace

class visits::impl {
public:
  impl()
      : wake_{::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)}, thread_{[this](const std::stop_token& stop) { run(stop); }} {}
  impl(const impl&) = delete;
  impl& operator=(const impl&) = delete;
  ~impl() {
    thread_.request_stop();
    ::eventfd_write(wake_.get(), 1);
    thread_.join();
  }

  /// Has the thread do something.
  void post(std::function<void()> what) {
    {
      const std::lock_guard lock{guard_};
      posted_.push_back(std::move(what));
    }
    ::eventfd_write(wake_.get(), 1);
  }

  void visit(const ssh_place& place, request asked) {
    auto& it = machines_.try_emplace(place, place).first->second;
    it.forgotten = false;
    it.asked.push_back(std::move(asked));
    if (it.at == stage::resting) begin(it);
  }

  void forget(const ssh_place& place) {
    const auto found = machines_.find(place);
    if (found == machines_.end()) return;
    found->second.forgotten = true;
    if (found->second.at == stage::resting) machines_.erase(found);
  }

private:
  void run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      wait();
      advance_all();
      take_posted();
    }
    take_posted();
    for (auto& [place, it] : machines_)
      for (auto& each : it.asked) each.told({reach::unknown, "agentmon is stopping", std::nullopt});
  }

  void take_posted() {
    eventfd_t ignored = 0;
    ::eventfd_read(wake_.get(), &ignored);
    std::vector<std::function<void()>> work;
    {
      const std::lock_guard lock{guard_};
      work.swap(posted_);
    }
    for (const auto& each : work) each();
  }

  /// Waits until a socket is ready, something is posted, or a deadline has come; marks whose turn it is.
  void wait() {
    std::vector<pollfd> watched{{wake_.get(), POLLIN, 0}};
    std::vector<machine*> watching{nullptr};
    auto first = clock::time_point::max();
    for (auto& [place, it] : machines_) {
      first = std::min(first, it.until);
      if (!it.connection.is_open()) continue;
      first = std::min(first, it.connection.deadline());
      watched.push_back({it.connection.descriptor(), it.connection.events(), 0});
      watching.push_back(&it);
    }
    int timeout = -1;
    if (first != clock::time_point::max())
      timeout = static_cast<int>(
          std::max<int64_t>(0, std::chrono::ceil<std::chrono::milliseconds>(first - clock::now()).count()));
    ::poll(watched.data(), watched.size(), timeout);
    due_.clear();
    const auto now = clock::now();
    for (size_t i = 1; i < watched.size(); ++i)
      if (watched[i].revents != 0 || watching[i]->connection.deadline() <= now) due_.push_back(watching[i]);
    for (auto& [place, it] : machines_)
      if (it.until <= now) due_.push_back(&it);
  }

  void advance_all() {
    for (auto* it : due_) advance(*it);
    for (auto next = machines_.begin(); next != machines_.end();) {
      auto& it = next->second;
      next = it.forgotten && it.at == stage::resting ? machines_.erase(next) : std::next(next);
    }
  }

  void advance(machine& it) {
    switch (it.at) {
    case stage::queued: return;
    case stage::resting: return it.connection.close(); // by the server, which is all that an idle socket tells
    case stage::looking_up:
      return end(it, {reach::unreachable,
                      "the name service does not answer for " + it.place.host + " within "
                          + std::to_string(limits::ssh_connect_timeout.count())
                          + " s: write an address as ssh.host, or mend it",
                      std::nullopt});
    case stage::pausing: return look_up(it);
    case stage::logging_in:
    case stage::probing: return go_on(it, it.connection.advance());
    }
  }

  void go_on(machine& it, progress now) {
    if (now == progress::waiting) return;
    if (it.at == stage::logging_in) give_turn_back(it);
    switch (now) {
    case progress::waiting: return;
    case progress::ready: return probe(it);
    case progress::answered: return end(it, reading_of(it.connection.answer()));
    case progress::failed: return fail(it);
    }
  }

  void begin(machine& it) {
    it.tried_until = clock::time_point::max();
    it.pause = std::chrono::milliseconds{0};
    if (it.connection.is_open()) return probe(it);
    look_up(it);
  }

  void look_up(machine& it) {
    it.at = stage::looking_up;
    it.until = clock::now() + limits::ssh_connect_timeout;
    resolver_.look_up(it.place.host, it.place.port, [this, place = it.place](result<std::vector<address>> found) {
      post([this, place, found = std::move(found)]() mutable { looked_up(place, std::move(found)); });
    });
  }

  void looked_up(const ssh_place& place, result<std::vector<address>> found) {
    const auto known = machines_.find(place);
    if (known == machines_.end() || known->second.at != stage::looking_up) return; // too late
    auto& it = known->second;
    it.until = clock::time_point::max();
    if (!found)
      return end(it, {reach::unreachable,
                      "no address is known for " + place.host + " (" + found.error().message
                          + "): correct ssh.host, or the name service",
                      std::nullopt});
    it.addresses = std::move(*found);
    it.at = stage::queued;
    queue_[host_of(it)].waiting.push_back(&it);
    let_in(host_of(it));
  }

  /// Starts handshakes with a host while it may have more.
  void let_in(const host& which) {
    auto& now = queue_[which];
    while (now.taken < limits::ssh_handshakes && !now.waiting.empty()) {
      auto& it = *now.waiting.front();
      now.waiting.pop_front();
      ++now.taken;
      it.at = stage::logging_in;
      it.tried_until = std::min(it.tried_until, clock::now() + limits::ssh_login_timeout);
      it.connection.connect(std::move(it.addresses));
      // On to the next one before this one goes on, for it may end here and now.
      post([this, place = it.place] {
        const auto known = machines_.find(place);
        if (known != machines_.end() && known->second.at == stage::logging_in) advance(known->second);
      });
    }
    if (now.taken == 0) queue_.erase(which);
  }

  void give_turn_back(machine& it) {
    --queue_[host_of(it)].taken;
    let_in(host_of(it));
  }

  void probe(machine& it) {
    it.at = stage::probing;
    it.connection.run(probe_command(it.asked.front().gateway), std::string{probe_script()});
    go_on(it, it.connection.advance());
  }

  void fail(machine& it) {
    if (!it.connection.may_try_again() || clock::now() > it.tried_until) return end(it, it.connection.failure());
    it.pause = std::clamp<std::chrono::milliseconds>(2 * it.pause, limits::ssh_retry_min, limits::ssh_retry_max);
    const auto jittered = std::uniform_int_distribution<int64_t>{it.pause.count() / 2, it.pause.count()}(random_);
    it.at = stage::pausing;
    it.until = clock::now() + std::chrono::milliseconds{jittered};
  }

  void end(machine& it, inside_reading reading) {
    it.at = stage::resting;
    it.until = clock::time_point::max();
    auto told = std::move(it.asked.front().told);
    it.asked.pop_front();
    if (!it.asked.empty()) begin(it);
    told(std::move(reading));
  }

  struct turns {
    size_t taken = 0;
    std::deque<machine*> waiting;
  };

  service::descriptor wake_;
  std::mutex guard_;
  std::vector<std::function<void()>> posted_;

  // Of the thread alone:
  std::map<ssh_place, machine, by_place> machines_;
  std::map<host, turns> queue_; ///< hosts with connections that are not logged in yet
  std::vector<machine*> due_;
  std::minstd_rand random_{std::random_device{}()};

  resolver resolver_;
  std::jthread thread_;
};

visits::visits() : impl_{std::make_unique<impl>()} {}
visits::~visits() = default;

void visits::visit(const ssh_place& place, const gateway_place& gateway, tell told) {
  impl_->post([to = impl_.get(), place, asked = request{gateway, std::move(told)}]() mutable {
    to->visit(place, std::move(asked));
  });
}

void visits::forget(const ssh_place& place) {
  impl_->post([to = impl_.get(), place] { to->forget(place); });
}

} // namespace agentmon::monitor
