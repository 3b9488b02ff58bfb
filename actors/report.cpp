#include "actors/report.hpp"

#include "actors/readiness.hpp"
#include "protocol/json_writer.hpp"
#include "protocol/limits.hpp"

#include <algorithm>
#include <ctime>

namespace agentmon {
namespace {

timestamp at_micros(int64_t micros) { return timestamp{std::chrono::microseconds{micros}}; }

/// Of another node, as it told it; a node that is away has none.
std::optional<double> known_load(const member& who) {
  if (who.heard_us == 0 || who.state != static_cast<uint8_t>(presence::alive)) return std::nullopt;
  return static_cast<double>(who.load_permille) / 1000;
}

/// Without those that another node has accepted and counts. The two are counted one after the other.
double own_accepted(const metrics& counts) {
  return std::max(0.0, counts.events_accepted.Value() - counts.events_taken_over.Value());
}

double processor_seconds() {
  timespec used{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

std::optional<int64_t> when(bool has, double value) {
  return has ? std::optional{static_cast<int64_t>(value)} : std::nullopt;
}

void write_bus(json_writer& to, const std::optional<bus_lag::seen>& bus) {
  to.key("bus");
  if (!bus) {
    to.null();
    return;
  }
  to.begin_object()
      .member("messages", static_cast<int64_t>(bus->messages))
      .member("bytes", static_cast<int64_t>(bus->bytes))
      .member("undelivered", static_cast<int64_t>(bus->undelivered))
      .member("unacknowledged", static_cast<int64_t>(bus->unacknowledged))
      .member("at", bus->at)
      .end_object();
}

void write_lag(json_writer& to, const node_context& node, const event_rates& rates) {
  const auto& counts = node.counts;
  const bool has_journal = node.status.checks().contains("journal");
  const bool stores = node.config.has(role::processor);
  const auto only = [](bool has, std::optional<double> rate) { return has ? rate : std::nullopt; };
  to.key("lag")
      .begin_object()
      .member("accepted", when(has_journal, own_accepted(counts)))
      .member("taken_over", when(has_journal, counts.events_taken_over.Value()))
      .member("accepted_per_second", only(has_journal, rates.accepted()))
      .member("in_flight_bytes", when(has_journal, counts.window_bytes.Value()))
      .member("journal_bytes", when(has_journal, counts.journal_bytes.Value()))
      .member("journal_events", when(has_journal, counts.journal_events_waiting.Value()))
      .member("stored", when(stores, counts.events_stored.Value()))
      .member("stored_per_second", only(stores, rates.stored()))
      .member("processing_bytes",
              stores ? std::optional{static_cast<int64_t>(node.processing_bytes.load())} : std::nullopt)
      .member("viewers", when(node.config.has(role::query), counts.viewers.Value()));
  write_bus(to, stores ? node.bus.get() : std::nullopt);
  to.end_object();
}

} // namespace

void event_rates::look(const metrics& counts) {
  older_ = newest_;
  newest_ = {std::chrono::steady_clock::now(), own_accepted(counts), counts.events_stored.Value(), processor_seconds()};
}

std::optional<double> event_rates::per_second(double sample::*figure) const {
  if (!newest_ || !older_) return std::nullopt;
  const auto time = std::chrono::duration<double>(newest_->at - older_->at).count();
  return time > 0 ? std::optional{std::max(0.0, (*newest_).*figure - (*older_).*figure) / time} : std::nullopt;
}

std::string report_of(const node_context& node, const event_rates& rates) {
  json_writer to;
  to.begin_object().raw_member("checks", checks_json(node.status)).key("actors").begin_array();
  for (const auto& each : node.actors.list()) to.raw(to_json(each));
  to.end_array();
  write_lag(to, node, rates);
  return to.end_object().text();
}

std::string to_json(const member& who, const std::string& report, std::optional<double> load) {
  json_writer to;
  to.begin_object().member("name", std::string_view{who.name}).key("roles").begin_array();
  for (const auto& each : who.roles) to.value(std::string_view{each});
  to.end_array()
      .member("version", std::string_view{who.version})
      .text_member("address", who.address)
      .member("since", at_micros(who.since_us))
      .member("load", load ? load : known_load(who))
      .member("state", to_string(static_cast<presence>(who.state)))
      .member("heard", who.heard_us == 0 ? std::nullopt : std::optional{at_micros(who.heard_us)})
      .raw_member("report", report);
  return to.end_object().text();
}

std::string settings_of(const node_context& node) {
  json_writer to;
  to.begin_object().member("node", std::string_view{node.config.node}).key("settings").begin_array();
  for (const auto& line : node.lines) {
    to.begin_object()
        .member("name", line.about->name)
        .text_member("value", shown(line))
        .member("from", to_string(line.from))
        .end_object();
  }
  return to.end_array().end_object().text();
}

} // namespace agentmon
