#include "monitor/hypervisors.hpp"

#include "monitor/helper.hpp"
#include "protocol/limits.hpp"
#include "protocol/log.hpp"

#include <algorithm>
#include <cerrno>
#include <deque>
#include <map>
#include <mutex>
#include <poll.h>
#include <sys/eventfd.h>
#include <system_error>
#include <thread>

namespace agentmon::monitor {
namespace {

using clock = std::chrono::steady_clock;

/// Somebody who asked about a domain.
struct reader {
  std::string domain;
  hypervisors::tell tell;
};

/// One URI: who asks about its domains, and the helper process that is asked for them.
class place {
public:
  explicit place(std::string uri) : uri_{std::move(uri)} {}

  void add(reader one) {
    if (waiting_.size() < limits::registry_instances) return waiting_.push_back(std::move(one));
    one.tell(fail(fault::overload, "too many ask about the domains of " + uri_ + " at once"));
  }

  /// Does what can be done now without waiting.
  void go_on(clock::time_point now) {
    if (asked_.empty()) return ask_next(now);
    auto answer = helper_->take();
    if (!answer) return failed(answer.error(), now);
    if (*answer) return answered(**answer, now);
    if (now >= deadline_)
      failed({fault::timeout, "libvirt at " + uri_ + " did not answer within "
                                  + std::to_string(limits::hypervisor_timeout / std::chrono::seconds{1})
                                  + " s; is libvirtd frozen there, or the way to it cut?"},
             now);
  }

  /// When to go on though the helper has not said anything.
  clock::time_point next() const {
    if (!asked_.empty()) return deadline_;
    return waiting_.empty() ? last_used_ + limits::helper_idle : clock::time_point{};
  }

  /// Nobody has asked for a long time: it can go, and its helper with it.
  bool idle(clock::time_point now) const {
    return asked_.empty() && waiting_.empty() && now >= last_used_ + limits::helper_idle;
  }

  /// -1: there is nothing to wait for.
  int descriptor() const { return asked_.empty() ? -1 : helper_->descriptor(); }

  void stop() {
    const outside_reading stopping = fail(fault::stopping, "agentmon is on its way down");
    for (auto& one : asked_) one.tell(stopping);
    for (auto& one : waiting_) one.tell(stopping);
  }

private:
  void ask_next(clock::time_point now) {
    if (waiting_.empty()) return;
    if (now < not_before_) return refuse(now);
    last_used_ = now;
    question_ = {};
    size_t bytes = 0;
    while (!waiting_.empty() && bytes < limits::helper_question_bytes / 2) {
      bytes += waiting_.front().domain.size() + sizeof(size_t);
      question_.domains.push_back(waiting_.front().domain);
      asked_.push_back(std::move(waiting_.front()));
      waiting_.pop_front();
    }
    second_try_ = false;
    ask(now);
  }

  void ask(clock::time_point now) {
    deadline_ = now + limits::hypervisor_timeout;
    if (!helper_) {
      auto started = helper::start(uri_);
      if (!started) return give_up(started.error(), now);
      helper_.emplace(std::move(*started));
    }
    if (const auto sent = helper_->ask(question_); !sent) failed(sent.error(), now);
  }

  /// The helper hangs or is gone. A call that entered a stuck QEMU hangs for ever, but libvirt then knows that this
  /// domain is occupied, and the next call passes it by: so all is asked once more at once.
  void failed(const failure& why, clock::time_point now) {
    helper_.reset();
    log::warn("hypervisors", "a helper process is started again", {{"uri", uri_}, {"because", why.message}});
    if (second_try_) return give_up(why, now);
    second_try_ = true;
    ask(now);
  }

  void give_up(const failure& why, clock::time_point now) {
    not_before_ = now
                  + std::min<clock::duration>(limits::helper_restart_min * (1 << std::min(failures_, 10)),
                                              limits::helper_restart_max);
    ++failures_;
    last_failure_ = why;
    tell_all(fail(why.code, why.message));
  }

  /// Between two helpers that failed: whoever asks meanwhile is not kept waiting.
  void refuse(clock::time_point now) {
    const auto left = std::chrono::ceil<std::chrono::seconds>(not_before_ - now).count();
    const outside_reading known =
        fail(last_failure_.code, last_failure_.message + " (asked again in " + std::to_string(left) + " s)");
    for (auto& one : std::exchange(waiting_, {})) one.tell(known);
  }

  void answered(const std::string& bytes, clock::time_point now) {
    last_used_ = now;
    auto views = unpack_answer<std::vector<outside_view>>(bytes);
    if (views && views->size() != asked_.size())
      views = fail(fault::corrupt, "the helper process answered for another number of domains");
    if (!views && views.error().code == fault::corrupt) return failed(views.error(), now);
    failures_ = 0;
    if (!views) return tell_all(tl::unexpected{views.error()});
    auto asked = std::exchange(asked_, {});
    for (size_t i = 0; i < asked.size(); ++i) asked[i].tell(std::move((*views)[i]));
  }

  void tell_all(const outside_reading& it) {
    for (auto& one : std::exchange(asked_, {})) one.tell(it);
  }

  std::string uri_;
  std::deque<reader> waiting_;
  std::vector<reader> asked_; ///< of whom question_ is
  question question_;
  std::optional<helper> helper_;
  clock::time_point deadline_;
  clock::time_point last_used_ = clock::now();
  clock::time_point not_before_;
  bool second_try_ = false;
  int failures_ = 0; ///< in a row, of both tries
  failure last_failure_;
};

} // namespace

class hypervisors::impl {
public:
  impl() : wake_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)} {
    if (!wake_) throw std::system_error{errno, std::system_category(), "eventfd"};
    thread_ = std::jthread{[this] { run(); }};
  }
  impl(const impl&) = delete;
  impl& operator=(const impl&) = delete;

  ~impl() {
    {
      const std::lock_guard lock{mutex_};
      stopping_ = true;
    }
    ::eventfd_write(wake_.get(), 1);
  }

  void add(const libvirt_place& where, tell whom) {
    {
      const std::lock_guard lock{mutex_};
      incoming_.emplace_back(where.uri, reader{where.domain, std::move(whom)});
    }
    ::eventfd_write(wake_.get(), 1);
  }

private:
  void run() {
    while (take_incoming()) {
      const auto now = clock::now();
      for (auto& [uri, each] : places_) each.go_on(now);
      std::erase_if(places_, [now](const auto& each) { return each.second.idle(now); });
      wait();
    }
    for (auto& [uri, each] : places_) each.stop();
    // With the thread that started them their helpers end; this way they do at once.
    places_.clear();
  }

  /// False: it is time to stop.
  bool take_incoming() {
    eventfd_t ignored = 0;
    ::eventfd_read(wake_.get(), &ignored);
    const std::lock_guard lock{mutex_};
    for (auto& [uri, one] : incoming_) places_.try_emplace(uri, uri).first->second.add(std::move(one));
    incoming_.clear();
    return !stopping_;
  }

  /// Until somebody asks, a helper answers, or a time-out passes.
  void wait() {
    std::vector<pollfd> sources{{wake_.get(), POLLIN, 0}};
    auto until = clock::now() + limits::helper_idle;
    for (const auto& [uri, each] : places_) {
      sources.push_back({each.descriptor(), POLLIN, 0});
      until = std::min(until, each.next());
    }
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - clock::now());
    ::poll(sources.data(), sources.size(), static_cast<int>(std::max<int64_t>(left.count(), 0)));
  }

  service::descriptor wake_;
  std::mutex mutex_;
  std::vector<std::pair<std::string, reader>> incoming_;
  bool stopping_ = false;
  std::map<std::string, place> places_; ///< by URI; of the thread
  std::jthread thread_;
};

hypervisors::hypervisors() : impl_{std::make_unique<impl>()} {}
hypervisors::~hypervisors() = default;

void hypervisors::read(const libvirt_place& where, tell whom) { impl_->add(where, std::move(whom)); }

} // namespace agentmon::monitor
