#include "protocol/json_writer.hpp"
#include "protocol/limits.hpp"
#include "store/machines.hpp"
#include "store/reading.hpp"
#include "store/retention.hpp"

namespace agentmon::store {
namespace {

constexpr int64_t points_of_a_chart = 720;

/// The latest sample of each step, found from one to the next along the index: what lies between costs nothing.
std::string select_samples() {
  std::string figures;
  for (const auto* const figure : snapshot_figures) figures += std::string{", "} + figure;
  const auto newest = [&](const std::string& until) {
    return "SELECT ts, state, verdict" + figures + " FROM vm_samples WHERE vm = $1 AND ts >= $2 AND ts " + until
           + " ORDER BY ts DESC, event_id DESC LIMIT 1";
  };
  const std::string step = "date_bin(make_interval(secs => $4), ts, timestamptz 'epoch')";
  return "WITH RECURSIVE sample AS ((" + newest("< $3") + ")\nUNION ALL SELECT earlier.* FROM (SELECT " + step
         + " AS step FROM sample) AS seen\nCROSS JOIN LATERAL (" + newest("< seen.step") + ") AS earlier)\nSELECT "
         + step + ", state, verdict" + figures + " FROM sample ORDER BY ts";
}

constexpr auto select_machines = R"(
SELECT name, state, verdict, COALESCE(told_since, in_state_since), issues, ts, event_id, payload FROM vms
WHERE $1 = 0 OR name = ANY($2) ORDER BY name)";

// A sample may show a restart, another state and another verdict.
constexpr auto select_marks = R"(
WITH marked AS (
  SELECT * FROM vm_samples
  WHERE (changed_from IS NOT NULL OR verdict_from IS NOT NULL OR restarted) AND ts >= $1 AND ts < $2
  ORDER BY ts DESC, vm DESC, event_id DESC LIMIT $3)
SELECT ts, vm, kind, message FROM marked CROSS JOIN LATERAL (VALUES
  ('vm_restart', vm || ' was restarted', restarted),
  ('vm_state', vm || ' is ' || state || ', was ' || changed_from, changed_from IS NOT NULL),
  ('vm_verdict', vm || ' is ' || verdict || ', was ' || verdict_from, verdict_from IS NOT NULL))
  AS all_marks (kind, message, there)
WHERE there ORDER BY ts DESC, vm DESC, kind LIMIT $3)";

} // namespace

result<std::vector<shown_machine>> read_machines(connection& db, const std::vector<std::string>* names) {
  column wanted;
  wanted.push(std::string_view{}); // a column has a type only with a value; no machine is called so
  for (size_t i = 0; names != nullptr && i < names->size(); ++i) wanted.push(std::string_view{(*names)[i]});
  const auto found = db.exec(select_machines, parameters{int64_t{names != nullptr}, wanted});
  if (!found) return tl::unexpected{found.error()};
  std::vector<shown_machine> machines;
  for (int row = 0; row < found->size(); ++row) {
    row_reader reader{*found, row};
    const auto name = reader.next<std::string_view>();
    json_writer json;
    json.begin_object().member("name", name).member("state", reader.next<std::string_view>());
    json.member("verdict", reader.next<std::optional<std::string_view>>());
    json.member("since", reader.next<timestamp>()).raw_member("issues", reader.next<binary::json>().text);
    json.member("ts", reader.next<timestamp>()).member("event_id", reader.next<uuid>());
    json.raw_member("snapshot", reader.next<binary::json>().text).end_object();
    machines.push_back({std::string{name}, json.text()});
  }
  return machines;
}

result<std::string> read_vms(connection& db) {
  const auto machines = read_machines(db, nullptr);
  if (!machines) return tl::unexpected{machines.error()};
  json_writer json;
  json.begin_object().key("vms").begin_array();
  for (const auto& machine : *machines) json.raw(machine.json);
  return json.end_array().key("next_cursor").null().end_object().text();
}

result<std::string> read_marks(connection& db, const asked_time& time) {
  const auto found = db.exec(select_marks, parameters{time.from, time.to, limits::marks});
  if (!found) return tl::unexpected{found.error()};
  const auto kept_from = read_kept_from(db);
  if (!kept_from) return tl::unexpected{kept_from.error()};
  json_writer json;
  json.begin_object().text_member("window", time.window).member("from", time.from).member("to", time.to);
  json.member("kept_from", *kept_from).key("marks").begin_array();
  for (int row = 0; row < found->size(); ++row) {
    row_reader reader{*found, row};
    json.begin_object().member("ts", reader.next<timestamp>());
    for (const auto* const key : {"name", "kind", "message"}) json.member(key, reader.next<std::string_view>());
    json.end_object();
  }
  return json.end_array().end_object().text();
}

result<std::string> read_vm_samples(connection& db, const std::string& name, const asked_time& time) {
  const auto known = db.exec("SELECT FROM vms WHERE name = $1", parameters{name});
  if (!known) return tl::unexpected{known.error()};
  if (known->empty()) return fail(fault::not_found, "there is no machine " + name.substr(0, 200));
  const std::chrono::duration<double> length = time.to - time.from;
  const auto step = length.count() / static_cast<double>(points_of_a_chart);
  const auto found = db.exec(select_samples(), parameters{name, time.from, time.to, step});
  if (!found) return tl::unexpected{found.error()};
  const auto kept_from = read_kept_from(db);
  if (!kept_from) return tl::unexpected{kept_from.error()};
  json_writer json;
  json.begin_object().member("name", name).text_member("window", time.window);
  json.member("from", time.from).member("to", time.to).member("kept_from", *kept_from).member("step_seconds", step);
  json.key("samples").begin_array();
  for (int row = 0; row < found->size(); ++row) {
    row_reader reader{*found, row};
    json.begin_object().member("ts", reader.next<timestamp>()).member("state", reader.next<std::string_view>());
    json.member("verdict", reader.next<std::optional<std::string_view>>());
    for (const auto* const figure : snapshot_figures) json.member(figure, reader.next<std::optional<double>>());
    json.end_object();
  }
  return json.end_array().end_object().text();
}

} // namespace agentmon::store
