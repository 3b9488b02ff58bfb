#include "store/machines.hpp"

#include "store/json_text.hpp"

#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>

namespace agentmon::store {
namespace {

using json_value = rapidjson::Value;

const json_value* member(const json_value& object, const char* key) {
  if (!object.IsObject()) return nullptr;
  const auto found = object.FindMember(key);
  return found == object.MemberEnd() ? nullptr : &found->value;
}

std::string_view text(const json_value* value) {
  return value != nullptr && value->IsString() ? std::string_view{value->GetString(), value->GetStringLength()}
                                               : std::string_view{};
}

std::string json_text(const json_value& value) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer writer{buffer};
  value.Accept(writer);
  std::string changed;
  return std::string{storable({buffer.GetString(), buffer.GetSize()}, changed)};
}

/// A word that is shown and filtered by: no control characters, no NUL.
std::string clean(std::string_view word, std::string_view otherwise) {
  if (word.empty()
      || std::any_of(word.begin(), word.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }))
    return std::string{otherwise};
  return std::string{word};
}

/// The verdict, when it is one; another word means nothing here.
std::optional<std::string> verdict_of(std::string_view word) {
  for (const auto* const each : {"healthy", "unknown", "degraded", "down"})
    if (word == each) return each;
  return std::nullopt;
}

std::string name_of(const event& e) {
  for (const auto name : {e.name, e.host, e.client_id})
    if (!name.empty()) return std::string{name};
  return "unknown";
}

constexpr auto add_samples = R"(
INSERT INTO vm_samples (vm, ts, event_id, state, verdict, cpu_percent, memory_used_bytes, memory_total_bytes,
                        disk_used_bytes, disk_total_bytes, network_rx_bytes_per_second, network_tx_bytes_per_second,
                        disk_read_bytes_per_second, disk_write_bytes_per_second, load1, uptime_seconds)
SELECT * FROM unnest($1::text[], $2::timestamptz[], $3::uuid[], $4::text[], $5::text[], $6::float8[], $7::float8[],
                     $8::float8[], $9::float8[], $10::float8[], $11::float8[], $12::float8[], $13::float8[],
                     $14::float8[], $15::float8[], $16::float8[]))";

// A sample that came late changes what the one behind it is compared with, and the one behind it that tells its uptime.
constexpr auto set_marks = R"(
WITH fresh AS (SELECT * FROM unnest($1::text[], $2::timestamptz[], $3::uuid[]) AS fresh (vm, ts, event_id)),
touched AS (
  SELECT vm, ts, event_id FROM fresh
  UNION
  SELECT fresh.vm, later.ts, later.event_id FROM fresh CROSS JOIN LATERAL (
    (SELECT ts, event_id FROM vm_samples AS s
     WHERE s.vm = fresh.vm AND (s.ts, s.event_id) > (fresh.ts, fresh.event_id)
     ORDER BY ts, event_id LIMIT 1)
    UNION ALL
    (SELECT ts, event_id FROM vm_samples AS s
     WHERE s.vm = fresh.vm AND (s.ts, s.event_id) > (fresh.ts, fresh.event_id) AND uptime_seconds IS NOT NULL
     ORDER BY ts, event_id LIMIT 1)) AS later),
marked AS (
  SELECT vm, ts, event_id, NULLIF(before.state, s.state) AS changed_from,
         CASE WHEN before.verdict <> s.verdict THEN before.verdict END AS verdict_from,
         COALESCE(s.uptime_seconds < known.uptime_seconds, false) AS restarted
  FROM touched JOIN vm_samples AS s USING (vm, ts, event_id)
  LEFT JOIN LATERAL (
    SELECT state, verdict FROM vm_samples AS p WHERE p.vm = s.vm AND (p.ts, p.event_id) < (s.ts, s.event_id)
    ORDER BY ts DESC, event_id DESC LIMIT 1) AS before ON true
  LEFT JOIN LATERAL (
    SELECT p.uptime_seconds FROM vm_samples AS p
    WHERE p.vm = s.vm AND (p.ts, p.event_id) < (s.ts, s.event_id)
      AND p.uptime_seconds IS NOT NULL AND s.uptime_seconds IS NOT NULL
    ORDER BY ts DESC, event_id DESC LIMIT 1) AS known ON true)
UPDATE vm_samples AS sample
SET changed_from = marked.changed_from, verdict_from = marked.verdict_from, restarted = marked.restarted
FROM marked
WHERE sample.vm = marked.vm AND sample.ts = marked.ts AND sample.event_id = marked.event_id
  AND (sample.changed_from, sample.verdict_from, sample.restarted)
      IS DISTINCT FROM (marked.changed_from, marked.verdict_from, marked.restarted))";

constexpr auto select_latest = "SELECT ts, event_id, state, in_state_since FROM vms WHERE name = $1";

// Snapshots came late: the stretch of the present state is measured anew.
constexpr auto select_since = R"(
WITH other AS (
  SELECT ts, event_id FROM vm_samples WHERE vm = $1 AND state <> $2 ORDER BY ts DESC, event_id DESC LIMIT 1)
SELECT min(ts) FROM vm_samples
WHERE vm = $1 AND (NOT EXISTS (SELECT FROM other) OR (ts, event_id) > (SELECT ts, event_id FROM other)))";

constexpr auto save_machine = R"(
INSERT INTO vms (name, event_id, ts, state, verdict, in_state_since, told_since, issues, payload)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (name) DO UPDATE
SET event_id = EXCLUDED.event_id, ts = EXCLUDED.ts, state = EXCLUDED.state, verdict = EXCLUDED.verdict,
    in_state_since = EXCLUDED.in_state_since, told_since = EXCLUDED.told_since, issues = EXCLUDED.issues, payload = EXCLUDED.payload)";

constexpr auto save_since = "UPDATE vms SET in_state_since = $2 WHERE name = $1";

/// The part of vms that the next snapshots are judged by.
struct latest {
  event_key key;
  std::string state;
  timestamp in_state_since;
};

result<std::optional<latest>> read_latest(connection& db, const std::string& vm) {
  const auto found = db.exec_prepared(select_latest, parameters{vm});
  if (!found) return tl::unexpected{found.error()};
  if (found->empty()) return std::nullopt;
  return latest{{found->get<timestamp>(0, 0), found->get<uuid>(0, 1)},
                found->get<std::string>(0, 2),
                found->get<timestamp>(0, 3)};
}

result<timestamp> measure_since(connection& db, const std::string& vm, const std::string& state) {
  const auto found = db.exec_prepared(select_since, parameters{vm, state});
  if (!found) return tl::unexpected{found.error()};
  return found->get<timestamp>(0, 0);
}

result<void> write_machine(connection& db, const snapshot& s, timestamp since) {
  return db
      .exec_prepared(save_machine, parameters{s.vm, s.key.id, s.key.ts, s.state, s.verdict, since, s.told_since,
                                              binary::json{s.issues}, binary::json{s.payload}})
      .map([](const rows&) {});
}

/// `fresh`: the new snapshots of one machine, ordered, already in vm_samples.
result<void> save_one(connection& db, const std::vector<const snapshot*>& fresh) {
  const auto& newest = *fresh.back();
  const auto known = read_latest(db, newest.vm);
  if (!known) return tl::unexpected{known.error()};
  if (!*known) return write_machine(db, newest, in_state_since(fresh));
  const auto& present = **known;
  if (present.key < fresh.front()->key) {
    const auto since = in_state_since(fresh);
    const bool unchanged =
        newest.state == present.state
        && std::all_of(fresh.begin(), fresh.end(), [&](const snapshot* s) { return s->state == newest.state; });
    return write_machine(db, newest, unchanged ? present.in_state_since : since);
  }
  const bool is_newest = present.key < newest.key;
  const auto since = measure_since(db, newest.vm, is_newest ? newest.state : present.state);
  if (!since) return tl::unexpected{since.error()};
  if (is_newest) return write_machine(db, newest, *since);
  return db.exec_prepared(save_since, parameters{newest.vm, *since}).map([](const rows&) {});
}

} // namespace

bool is_snapshot(const event& e) { return e.type == "openclaw.snapshot"; }

snapshot snapshot_of(const event& e) {
  std::string buffer;
  snapshot s;
  s.vm = name_of(e);
  s.key = {e.ts, e.id};
  s.payload = e.payload.empty() ? "{}" : storable(e.payload, buffer);
  rapidjson::Document payload;
  payload.Parse<rapidjson::kParseIterativeFlag>(s.payload.data(), s.payload.size());
  if (payload.HasParseError()) payload.SetObject();
  s.state = clean(text(member(payload, "state")), "unknown");
  s.verdict = verdict_of(text(member(payload, "verdict")));
  if (const auto since = parse_time(text(member(payload, "since")))) s.told_since = *since;
  const auto* const issues = member(payload, "issues");
  s.issues = issues != nullptr && issues->IsArray() ? json_text(*issues) : "[]";
  for (size_t i = 0; i < snapshot_figures.size(); ++i)
    if (const auto* const figure = member(payload, snapshot_figures[i]); figure != nullptr && figure->IsNumber())
      s.figures[i] = figure->GetDouble();
  return s;
}

mark_counts marks_of(const std::vector<const snapshot*>& ordered) {
  mark_counts marks;
  const snapshot* before = nullptr;
  std::optional<double> uptime_before;
  for (const auto* const s : ordered) {
    const auto uptime = s->figures.back();
    if (before != nullptr && before->state != s->state) ++marks.changes;
    if (before != nullptr && before->verdict && s->verdict && before->verdict != s->verdict) ++marks.verdicts;
    if (uptime && uptime_before && *uptime < *uptime_before) ++marks.restarts;
    if (uptime) uptime_before = uptime;
    before = s;
  }
  return marks;
}

timestamp in_state_since(const std::vector<const snapshot*>& ordered) {
  auto first = ordered.rbegin();
  while (std::next(first) != ordered.rend() && (*std::next(first))->state == (*first)->state) ++first;
  return (*first)->key.ts;
}

result<void> save(connection& db, std::vector<snapshot> fresh) {
  if (fresh.empty()) return {};
  std::sort(fresh.begin(), fresh.end(),
            [](const snapshot& a, const snapshot& b) { return std::tie(a.vm, a.key) < std::tie(b.vm, b.key); });
  column_set columns{5 + snapshot_figures.size()}, keys{3};
  for (const auto& s : fresh) {
    keys.row(s.vm, s.key.ts, s.key.id);
    columns.row(s.vm, s.key.ts, s.key.id, s.state, s.verdict);
    for (size_t i = 0; i < s.figures.size(); ++i) columns[5 + i].push(s.figures[i]);
  }
  if (auto added = db.exec_prepared(add_samples, columns.as_parameters()); !added) return tl::unexpected{added.error()};
  if (auto marked = db.exec_prepared(set_marks, keys.as_parameters()); !marked) return tl::unexpected{marked.error()};
  for (size_t begin = 0; begin < fresh.size();) {
    std::vector<const snapshot*> of_one;
    for (; begin < fresh.size() && (of_one.empty() || fresh[begin].vm == of_one.front()->vm); ++begin)
      of_one.push_back(&fresh[begin]);
    if (auto saved = save_one(db, of_one); !saved) return saved;
  }
  return {};
}

result<void> forget_machines_before(connection& db, timestamp cut) {
  constexpr auto select_firsts = R"(
SELECT name, first.ts, first.event_id FROM vms CROSS JOIN LATERAL (
  (SELECT ts, event_id FROM vm_samples WHERE vm = name ORDER BY ts, event_id LIMIT 1)
  UNION
  (SELECT ts, event_id FROM vm_samples WHERE vm = name AND uptime_seconds IS NOT NULL ORDER BY ts, event_id LIMIT 1))
  AS first)";
  for (const auto* const statement :
       {"DELETE FROM vm_samples WHERE vm IN (SELECT name FROM vms) AND ts < $1", "DELETE FROM vms WHERE ts < $1"})
    if (auto done = db.exec(statement, parameters{cut}); !done) return tl::unexpected{done.error()};
  const auto firsts = db.exec(select_firsts, parameters{});
  if (!firsts) return tl::unexpected{firsts.error()};
  if (firsts->empty()) return {};
  column_set keys{3};
  for (int row = 0; row < firsts->size(); ++row)
    keys.row(firsts->get<std::string>(row, 0), firsts->get<timestamp>(row, 1), firsts->get<uuid>(row, 2));
  if (auto marked = db.exec_prepared(set_marks, keys.as_parameters()); !marked) return tl::unexpected{marked.error()};
  const auto old = db.exec("SELECT name, state FROM vms WHERE in_state_since < $1", parameters{cut});
  if (!old) return tl::unexpected{old.error()};
  for (int row = 0; row < old->size(); ++row) {
    const auto name = old->get<std::string>(row, 0);
    const auto since = measure_since(db, name, old->get<std::string>(row, 1));
    if (!since) return tl::unexpected{since.error()};
    if (auto saved = db.exec_prepared(save_since, parameters{name, *since}); !saved)
      return tl::unexpected{saved.error()};
  }
  return {};
}

} // namespace agentmon::store
