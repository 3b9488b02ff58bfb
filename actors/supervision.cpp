#include "actors/supervision.hpp"

#include "http/counted_actor.hpp"
#include "protocol/json_writer.hpp"
#include "protocol/limits.hpp"
#include "protocol/log_parts.hpp"

#include <prometheus/metric_family.h>

#include <algorithm>

namespace agentmon {
namespace {

/// Of a life: those that came are read last, so that a mailbox is never less than empty.
struct counts_now {
  uint64_t handled = 0;
  uint64_t mailbox = 0;
};

counts_now read(const message_counts& counts) {
  const auto handled = counts.handled.load(std::memory_order_acquire);
  const auto came = counts.came.load(std::memory_order_acquire);
  return {handled, came > handled ? came - handled : 0};
}

void write(json_writer& to, const actor_failure& failure) {
  to.begin_object().member("at", failure.at).member("reason", std::string_view{failure.reason}).end_object();
}

std::optional<int64_t> number(std::optional<uint64_t> value) {
  return value ? std::optional{static_cast<int64_t>(*value)} : std::nullopt;
}

} // namespace

std::string_view log_part(std::string_view name) { return name.substr(0, name.find('-')); }

std::string_view to_string(actor_state state) {
  switch (state) {
  case actor_state::up: return "up";
  case actor_state::restarting: return "restarting";
  case actor_state::stuck: return "stuck";
  case actor_state::given_up: return "given_up";
  }
  return "";
}

std::string to_json(const actor_status& status) {
  json_writer to;
  to.begin_object()
      .member("name", std::string_view{status.name})
      .member("above", std::string_view{status.above})
      .member("state", to_string(status.state))
      .member("since", status.since)
      .member("restarts", static_cast<int64_t>(status.restarts))
      .member("messages", number(status.messages))
      .member("mailbox", number(status.mailbox))
      .member("messages_per_second", status.rate)
      .key("last_error");
  if (status.last_error)
    write(to, *status.last_error);
  else
    to.null();
  to.key("failures").begin_array();
  for (const auto& each : status.failures) write(to, each);
  return to.end_array().end_object().text();
}

// -- one actor ---------------------------------------------------------------------------

actor_record::actor_record(std::string name, std::string above, clock::duration patience, restarter restart)
    : name_{std::move(name)}, above_{std::move(above)}, patience_{patience}, restart_{std::move(restart)} {}

void actor_record::started(std::shared_ptr<const message_counts> counts) {
  const std::lock_guard lock{mutex_};
  state_ = actor_state::up;
  since_ = now();
  ++starts_;
  counts_ = std::move(counts);
  newest_.reset();
  older_.reset();
  progress_ = clock::now();
}

void actor_record::ended(actor_state state, std::string reason) {
  const std::lock_guard lock{mutex_};
  state_ = state;
  since_ = now();
  if (counts_) handled_before_ += read(*counts_).handled;
  counts_.reset();
  failures_.push_back({since_, std::move(reason)});
  if (failures_.size() > limits::failures_kept) failures_.pop_front();
}

bool actor_record::restart(const std::string& reason) const {
  if (!restart_) return false;
  restart_(is_stuck(), reason);
  return true;
}

bool actor_record::is_stuck() const {
  const std::lock_guard lock{mutex_};
  return state_ == actor_state::stuck;
}

bool actor_record::look(clock::time_point at, bool slept) {
  const std::lock_guard lock{mutex_};
  if (!counts_) return false;
  const auto [handled, mailbox] = read(*counts_);
  const bool moved = !newest_ || newest_->handled != handled;
  older_ = newest_;
  newest_ = {at, handled};
  if (moved || mailbox == 0 || slept) {
    progress_ = at;
    if (state_ == actor_state::stuck) state_ = actor_state::up; // it has come back by itself
    return false;
  }
  return at - progress_ > patience_ && std::exchange(state_, actor_state::stuck) != actor_state::stuck;
}

std::optional<actor_record::clock::duration> actor_record::overdue(clock::time_point at) const {
  const std::lock_guard lock{mutex_};
  if (state_ != actor_state::stuck || !restart_) return std::nullopt;
  return at - progress_ - patience_;
}

actor_status actor_record::status() const {
  actor_status out;
  {
    const std::lock_guard lock{mutex_};
    out = {.name = name_,
           .above = above_,
           .state = state_,
           .since = since_,
           .restarts = starts_ > 0 ? starts_ - 1 : 0,
           .messages = {},
           .mailbox = {},
           .rate = {},
           .last_error = {},
           .failures = {failures_.begin(), failures_.end()}};
    if (counts_) {
      const auto [handled, mailbox] = read(*counts_);
      out.messages = handled_before_ + handled;
      out.mailbox = mailbox;
    }
    if (newest_ && older_ && newest_->at > older_->at)
      out.rate = static_cast<double>(newest_->handled - older_->handled)
                 / std::chrono::duration<double>(newest_->at - older_->at).count();
  }
  if (!out.failures.empty()) out.last_error = out.failures.back();
  if (auto said = log::last_complaint(log_part(name_)); said && (!out.last_error || said->at > out.last_error->at))
    out.last_error = actor_failure{said->at, std::move(said->text)};
  return out;
}

// -- all of them ---------------------------------------------------------------------------

std::shared_ptr<actor_record> supervision::enter(std::string name, std::string above,
                                                 actor_record::clock::duration patience,
                                                 actor_record::restarter restart) {
  auto record = std::make_shared<actor_record>(std::move(name), std::move(above), patience, std::move(restart));
  const std::lock_guard lock{mutex_};
  records_.push_back(record);
  return record;
}

void supervision::leave(const std::shared_ptr<actor_record>& record) {
  const std::lock_guard lock{mutex_};
  std::erase(records_, record);
}

std::vector<std::shared_ptr<actor_record>> supervision::all() const {
  const std::lock_guard lock{mutex_};
  return records_;
}

std::vector<std::string> supervision::look(actor_record::clock::time_point at) {
  // A process that was stopped, or a machine that slept, has no stuck actors.
  const bool slept = last_look_ && at - *last_look_ > limits::supervision_slept;
  last_look_ = at;
  std::vector<std::string> helpless;
  for (const auto& record : all()) {
    if (record->look(at, slept)) {
      log::error("supervisor", "an actor is stuck: it handles nothing, and messages wait", {{"actor", record->name()}});
      record->restart("it was stuck");
    }
    if (const auto over = record->overdue(at); over && *over > limits::supervision_patience)
      helpless.push_back(record->name());
  }
  return helpless;
}

std::vector<actor_status> supervision::list() const {
  std::vector<actor_status> out;
  for (const auto& record : all()) out.push_back(record->status());
  return out;
}

std::shared_ptr<actor_record> supervision::find(std::string_view name) const {
  const auto records = all();
  const auto found = std::find_if(records.begin(), records.end(), [&](const auto& r) { return r->name() == name; });
  return found == records.end() ? nullptr : *found;
}

std::vector<prometheus::MetricFamily> supervision::collect() const {
  using prometheus::MetricType;
  prometheus::MetricFamily up{
      "agentmon_actor_up", "1 while the actor works, 0 while it is away or stuck.", MetricType::Gauge, {}};
  prometheus::MetricFamily restarts{"agentmon_actor_restarts_total",
                                    "How often the actor was started again, by a crash or on request.",
                                    MetricType::Counter,
                                    {}};
  prometheus::MetricFamily mailbox{"agentmon_actor_mailbox_messages",
                                   "Messages that wait for the actor, with the one in hand.",
                                   MetricType::Gauge,
                                   {}};
  prometheus::MetricFamily messages{
      "agentmon_actor_messages_total", "Messages that the actor has handled.", MetricType::Counter, {}};
  const auto add = [](prometheus::MetricFamily& to, const actor_status& of, double value) {
    prometheus::ClientMetric metric;
    metric.label = {{"actor", of.name}};
    metric.gauge.value = metric.counter.value = value;
    to.metric.push_back(std::move(metric));
  };
  for (const auto& each : list()) {
    add(up, each, each.state == actor_state::up ? 1 : 0);
    add(restarts, each, static_cast<double>(each.restarts));
    if (each.mailbox) add(mailbox, each, static_cast<double>(*each.mailbox));
    if (each.messages) add(messages, each, static_cast<double>(*each.messages));
  }
  return {std::move(up), std::move(restarts), std::move(mailbox), std::move(messages)};
}

} // namespace agentmon
