#include "commands/bench/report.hpp"

#include "commands/progress.hpp"
#include "protocol/json_writer.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <thread>

namespace agentmon::bench {
namespace {

double ratio(double figure, double ceiling) { return ceiling > 0 ? figure / ceiling : 0; }

std::string rate(double per_second) { return grouped(static_cast<size_t>(std::lround(per_second))); }

/// Columns of a table, right-aligned but for the first.
class table {
public:
  explicit table(std::vector<std::string> head) { row(std::move(head)); }
  void row(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  std::string text() const;

private:
  std::vector<std::vector<std::string>> rows_;
};

std::string table::text() const {
  std::vector<size_t> widths(rows_.front().size());
  for (const auto& cells : rows_)
    for (size_t i = 0; i < cells.size(); ++i) widths[i] = std::max(widths[i], cells[i].size());
  std::string text;
  for (const auto& cells : rows_) {
    text += "  ";
    for (size_t i = 0; i < cells.size(); ++i) {
      const std::string gap(widths[i] - cells[i].size(), ' ');
      text += i == 0 ? cells[i] + gap : "  " + gap + cells[i];
    }
    text.erase(text.find_last_not_of(' ') + 1);
    text += '\n';
  }
  return text;
}

std::string fixed(double value, int digits = 2) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.*f", digits, value);
  return text.data();
}

std::string mebibytes(uint64_t bytes) { return fixed(static_cast<double>(bytes) / (1 << 20), 0); }

std::string load_name(const load_figures& f) {
  return f.name + " " + std::to_string(f.batch) + " x " + std::to_string(f.connections);
}

std::string ceiling_table(const ceilings& c) {
  table t{{"ceiling", "events/s"}};
  t.row({"binary COPY of the same rows into the same tables", rate(c.copy_per_second)});
  t.row({"JetStream publishes of 1 event", rate(c.publish_single_per_second)});
  t.row({"JetStream publishes of " + std::to_string(large_batch) + " events", rate(c.publish_batch_per_second)});
  return t.text();
}

std::string load_table(const bench_result& all) {
  table t{{"batch x connections", "acked/s", "of JetStream", "stored/s", "of COPY", "p50 ms", "p95", "p99", "max",
           "refused"}};
  for (const auto& f : all.loads)
    t.row({load_name(f), rate(f.acked_per_second),
           fixed(ratio(f.acked_per_second, all.ceiling.publish_per_second(f.batch))), rate(f.stored_per_second),
           fixed(ratio(f.stored_per_second, all.ceiling.copy_per_second)), fixed(f.answers.p50), fixed(f.answers.p95),
           fixed(f.answers.p99), fixed(f.answers.max), grouped(f.refused)});
  return t.text();
}

std::string overload_name(const overload_figures& f) {
  return "overload " + std::to_string(f.batch) + " x " + std::to_string(f.connections);
}

std::string overload_table(const bench_result& all) {
  table t{{"batch x connections", "offered/s", "of peak", "acked/s", "of peak", "202: p50 ms", "p99", "max",
           "503: p50 ms", "p99", "max", "refused"}};
  for (const auto& f : all.overloads)
    t.row({overload_name(f), rate(f.offered_per_second), fixed(ratio(f.offered_per_second, f.peak_per_second)),
           rate(f.acked_per_second), fixed(ratio(f.acked_per_second, f.peak_per_second)), fixed(f.accepted.p50),
           fixed(f.accepted.p99), fixed(f.accepted.max), fixed(f.refusals.p50), fixed(f.refusals.p99),
           fixed(f.refusals.max), grouped(f.refused)});
  return t.text();
}

std::string viewer_table(const bench_result& all) {
  table t{{"viewers", "events/s", "p50 ms", "p95", "p99", "max", "frames", "missed", "posts p50", "p99"}};
  for (const auto& f : all.viewers)
    t.row({std::to_string(f.viewers), grouped(f.events_per_second), fixed(f.seen.p50), fixed(f.seen.p95),
           fixed(f.seen.p99), fixed(f.seen.max), grouped(f.frames), grouped(f.missed), fixed(f.answers.p50),
           fixed(f.answers.p99)});
  return t.text();
}

std::string query_table(const bench_result& all) {
  table t{{"query", "p50 ms", "p95", "p99", "max", "asked", "bytes"}};
  for (const auto& f : all.queries)
    t.row({f.name, fixed(f.answers.p50), fixed(f.answers.p95), fixed(f.answers.p99), fixed(f.answers.max),
           grouped(f.answers.count), grouped(f.answer_bytes)});
  return t.text();
}

/// Every phase with its cost.
std::vector<std::pair<std::string, const phase_cost*>> costs_of(const bench_result& all) {
  std::vector<std::pair<std::string, const phase_cost*>> costs;
  for (const auto& f : all.loads) costs.emplace_back(load_name(f), &f.cost);
  for (const auto& f : all.overloads) costs.emplace_back(overload_name(f), &f.cost);
  for (const auto& f : all.viewers) costs.emplace_back("viewers " + std::to_string(f.viewers), &f.cost);
  if (!all.queries.empty()) costs.emplace_back("queries", &all.query_cost);
  return costs;
}

void add_cost(table& t, const std::string& phase, const phase_cost& cost) {
  std::vector<std::string> cells{phase, fixed(cost.seconds, 1)};
  for (const auto& p : cost.processes) cells.push_back(fixed(ratio(p.cpu_seconds, cost.seconds)));
  for (const auto& p : cost.processes) cells.push_back(mebibytes(p.peak_bytes));
  t.row(std::move(cells));
}

std::string cost_table(const bench_result& all) {
  table t{{"phase", "seconds", "cores: agentmon", "nats", "PostgreSQL", "bench", "peak MiB: agentmon", "nats",
           "PostgreSQL", "bench"}};
  for (const auto& [name, cost] : costs_of(all)) add_cost(t, name, *cost);
  return t.text();
}

/// On a machine that does something else beside, this compares two versions better than events a second do.
std::string processor_table(const bench_result& all) {
  table t{{"phase", "agentmon", "nats", "PostgreSQL", "bench", "sum"}};
  for (const auto& f : all.loads) {
    std::vector<std::string> cells{load_name(f)};
    double sum = 0;
    for (const auto& p : f.cost.processes) {
      const auto each = ratio(1e6 * p.cpu_seconds, static_cast<double>(f.stored));
      cells.push_back(fixed(each, 1));
      sum += each;
    }
    cells.push_back(fixed(sum, 1));
    t.row(std::move(cells));
  }
  return t.text();
}

void add_hops(table& t, const std::string& phase, const phase_cost& cost) {
  for (const auto& h : cost.hops) t.row({phase, h.name, grouped(h.count), fixed(h.p50_ms), fixed(h.p99_ms)});
}

std::string hop_table(const bench_result& all) {
  table t{{"phase", "hop", "count", "p50 ms", "p99 ms"}};
  for (const auto& [name, cost] : costs_of(all)) add_hops(t, name, *cost);
  return t.text();
}

using writer = json_writer;

int64_t whole(size_t number) { return static_cast<int64_t>(number); }

void write_rate(writer& to, std::string_view name, double per_second, double ceiling) {
  to.key(name).begin_object().member("per_second", per_second).member("ceiling_per_second", ceiling);
  to.member("ratio", ratio(per_second, ceiling)).end_object();
}

void write_latency(writer& to, std::string_view name, const latency& l) {
  to.key(name).begin_object().member("count", whole(l.count)).member("p50", l.p50).member("p95", l.p95);
  to.member("p99", l.p99).member("max", l.max).end_object();
}

void write_cost(writer& to, const phase_cost& cost) {
  to.member("seconds", cost.seconds).key("processes").begin_array();
  for (const auto& p : cost.processes)
    to.begin_object()
        .member("name", std::string_view{p.name})
        .member("cpu_seconds", p.cpu_seconds)
        .member("memory_bytes", static_cast<int64_t>(p.memory_bytes))
        .member("peak_bytes", static_cast<int64_t>(p.peak_bytes))
        .end_object();
  to.end_array().key("hops").begin_array();
  for (const auto& h : cost.hops)
    to.begin_object()
        .member("name", std::string_view{h.name})
        .member("count", static_cast<int64_t>(h.count))
        .member("p50_ms", h.p50_ms)
        .member("p99_ms", h.p99_ms)
        .end_object();
  to.end_array();
}

void write_load(writer& to, const load_figures& f, const ceilings& c) {
  to.begin_object().member("name", std::string_view{f.name}).member("batch", whole(f.batch));
  to.member("connections", whole(f.connections)).member("acked", whole(f.acked)).member("stored", whole(f.stored));
  to.member("refused", whole(f.refused));
  write_rate(to, "acked_events", f.acked_per_second, c.publish_per_second(f.batch));
  write_rate(to, "stored_events", f.stored_per_second, c.copy_per_second);
  write_latency(to, "answer_ms", f.answers);
  write_cost(to, f.cost);
  to.end_object();
}

void write_overload(writer& to, const overload_figures& f) {
  to.begin_object().member("batch", whole(f.batch)).member("connections", whole(f.connections));
  to.member("peak_per_second", f.peak_per_second).member("offered_per_second", f.offered_per_second);
  to.member("acked_per_second", f.acked_per_second).member("acked", whole(f.acked)).member("stored", whole(f.stored));
  to.member("refused", whole(f.refused)).member("refused_without_retry_after", whole(f.without_time));
  write_latency(to, "accepted_ms", f.accepted);
  write_latency(to, "refused_ms", f.refusals);
  write_cost(to, f.cost);
  to.end_object();
}

void write_viewers(writer& to, const viewer_figures& f) {
  to.begin_object().member("viewers", whole(f.viewers)).member("events_per_second", whole(f.events_per_second));
  to.member("acked", whole(f.acked)).member("stored", whole(f.stored)).member("frames", whole(f.frames));
  to.member("missed", whole(f.missed));
  write_latency(to, "seen_ms", f.seen);
  write_latency(to, "answer_ms", f.answers);
  write_cost(to, f.cost);
  to.end_object();
}

void write_query(writer& to, const query_figures& f) {
  to.begin_object().member("name", std::string_view{f.name}).member("example", std::string_view{f.example});
  to.member("answer_bytes", whole(f.answer_bytes));
  write_latency(to, "answer_ms", f.answers);
  to.end_object();
}

} // namespace

std::string as_tables(const bench_result& all) {
  auto text = "agentmon " AGENTMON_VERSION " on " + std::to_string(std::thread::hardware_concurrency())
              + " cores, events of " + std::to_string(all.event_bytes) + " bytes\n\n" + ceiling_table(all.ceiling);
  if (!all.loads.empty())
    text += "\nPosts, each connection sending again as soon as it is answered; stored from the first POST on\n"
            + load_table(all);
  if (!all.overloads.empty())
    text += "\nMore posts than can be taken, by the clock; from the begin of a request to its answer\n"
            + overload_table(all);
  if (!all.viewers.empty())
    text +=
        "\nFrom the moment an event is due to be posted until a viewer has it, over all viewers\n" + viewer_table(all);
  if (!all.queries.empty())
    text +=
        "\nQueries, one after the other, with " + grouped(all.events_queried) + " events stored\n" + query_table(all);
  text += "\nCPU and memory\n" + cost_table(all);
  if (!all.loads.empty()) text += "\nProcessor time for each stored event, in microseconds\n" + processor_table(all);
  return text + "\nHops, as /metrics has them\n" + hop_table(all);
}

std::string as_json(const bench_result& all) {
  writer to;
  to.begin_object().member("version", AGENTMON_VERSION).member("events", whole(all.events));
  to.member("cores", static_cast<int64_t>(std::thread::hardware_concurrency()));
  to.member("event_bytes", whole(all.event_bytes)).key("ceilings").begin_object();
  to.member("copy_events_per_second", all.ceiling.copy_per_second);
  to.member("publish_1_events_per_second", all.ceiling.publish_single_per_second);
  to.member("publish_100_events_per_second", all.ceiling.publish_batch_per_second);
  to.end_object().key("posts").begin_array();
  for (const auto& f : all.loads) write_load(to, f, all.ceiling);
  to.end_array().key("overload").begin_array();
  for (const auto& f : all.overloads) write_overload(to, f);
  to.end_array().key("viewers").begin_array();
  for (const auto& f : all.viewers) write_viewers(to, f);
  to.end_array().key("queries").begin_object().member("events_stored", whole(all.events_queried));
  to.key("routes").begin_array();
  for (const auto& f : all.queries) write_query(to, f);
  to.end_array();
  write_cost(to, all.query_cost);
  to.end_object().end_object();
  return to.text();
}

} // namespace agentmon::bench
