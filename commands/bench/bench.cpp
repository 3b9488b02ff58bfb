#include "commands/bench/bench.hpp"

#include "commands/bench/ceilings.hpp"
#include "commands/bench/load.hpp"
#include "commands/bench/overload.hpp"
#include "commands/bench/queries.hpp"
#include "commands/bench/report.hpp"
#include "commands/bench/viewers.hpp"
#include "commands/commands.hpp"
#include "commands/interrupt.hpp"
#include "protocol/limits.hpp"
#include "protocol/log.hpp"
#include "store/connection.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <functional>

namespace agentmon {
namespace bench {
namespace {

constexpr size_t fill_connections = 16;
constexpr std::chrono::milliseconds longest_ceiling{3'000}; // it does not get better with the phases' length
constexpr std::array<size_t, 2> batches{1, large_batch};
constexpr std::array<size_t, 3> connection_counts{4, 64, 256};
constexpr size_t most_connections = 10'000; // of this process; more need a higher limit of open files
constexpr std::array<size_t, 3> viewer_counts{1, 50, 500};
constexpr size_t events_watched = 1'000; // a second
constexpr double overload_factor = 3;    // of what was taken just before

/// Posts that are more than can be taken, and of how many connections a closed loop shows the peak. The large ones are
/// some 6 MB and are refused by their head alone.
struct overload_kind {
  size_t batch, connections, peak_connections;
};
constexpr std::array<overload_kind, 2> overloads{{{large_batch, 768, 64}, {8'000, 64, 2}}};

void say(test_bench& on, const std::string& what) {
  on.line.clear();
  std::fprintf(stderr, "%s\n", what.c_str());
}

/// What a phase costs; `body` gives when it was over.
result<phase_cost> cost_of(test_bench& on, const std::function<result<steady::time_point>()>& body) {
  const auto before = read_metrics(on.node.gateway());
  if (!before) return tl::unexpected{before.error()};
  cost_meter meter{on.node.id()};
  const auto begin = steady::now();
  const auto end = body();
  if (!end) return tl::unexpected{end.error()};
  phase_cost cost{std::chrono::duration<double>(*end - begin).count(), meter.finish(), {}};
  const auto after = read_metrics(on.node.gateway());
  if (!after) return tl::unexpected{after.error()};
  cost.hops = hops_between(*before, *after);
  return cost;
}

/// Runs a phase that posts, waits until all of it is stored, and puts down what it took.
template <class Figures>
result<Figures> measure_stored(test_bench& on, const std::function<result<Figures>()>& post) {
  result<Figures> figures;
  auto cost = cost_of(on, [&]() -> result<steady::time_point> {
    figures = post();
    if (!figures) return tl::unexpected{figures.error()};
    on.acked += figures->acked;
    return on.wait_until_stored();
  });
  if (!cost) return tl::unexpected{cost.error()};
  // Counting a million rows takes PostgreSQL seconds, which are no part of what the events cost.
  const auto stored = on.count_stored();
  if (!stored) return tl::unexpected{stored.error()};
  figures->stored = *stored;
  figures->cost = std::move(*cost);
  return figures;
}

result<load_figures> measure_load(test_bench& on, const std::string& name, const load_plan& plan) {
  say(on,
      name + ": batches of " + std::to_string(plan.batch) + ", " + std::to_string(plan.connections) + " connections");
  return measure_stored<load_figures>(on,
                                      [&] {
                                        return run_load(on.node.gateway(), on.events, plan, [&](size_t acked) {
                                          if (on.line.is_due()) on.line.show(grouped(acked) + " events acked");
                                        });
                                      })
      .map([&](load_figures&& figures) {
        figures.name = name;
        figures.stored_per_second = static_cast<double>(figures.stored) / figures.cost.seconds;
        return std::move(figures);
      });
}

result<void> measure_publishes(test_bench& on, const bench_plan& plan, ceilings& to) {
  say(on, "ceiling: JetStream publishes");
  const auto url = on.node.nats_url();
  if (!url) return tl::unexpected{url.error()};
  const auto time = std::min(plan.time, longest_ceiling) / 2;
  const auto single = publish_ceiling(*url, on.events, 1, time);
  if (!single) return tl::unexpected{single.error()};
  const auto batch = publish_ceiling(*url, on.events, large_batch, time);
  if (!batch) return tl::unexpected{batch.error()};
  to.publish_single_per_second = *single;
  to.publish_batch_per_second = *batch;
  return {};
}

/// The COPY ceiling takes as many rows as the fill, half of them before and half after it, so that neither has the
/// better of smaller tables or of a machine that changes.
result<void> measure_fill(test_bench& on, const bench_plan& plan, bench_result& all) {
  auto ceiling = copy_ceiling::open(on.node.database(), "bench_ceiling");
  if (!ceiling) return tl::unexpected{ceiling.error()};
  const auto copy = [&] {
    say(on, "ceiling: COPY");
    return ceiling->copy(on.events, (plan.events + 1) / 2);
  };
  if (auto copied = copy(); !copied) return copied;
  if (plan.phases.contains("fill") || plan.phases.contains("queries")) {
    auto filled = measure_load(
        on, "fill",
        {.batch = large_batch, .connections = fill_connections, .time = {}, .events = plan.events, .clock = {}});
    if (!filled) return tl::unexpected{filled.error()};
    all.loads.push_back(std::move(*filled));
    if (auto copied = on.rest().and_then(copy); !copied) return copied;
  }
  all.ceiling.copy_per_second = ceiling->rows_per_second();
  return ceiling->drop();
}

result<void> measure_posts(test_bench& on, const bench_plan& plan, bench_result& all) {
  if (auto rested = on.rest(); !rested) return rested;
  for (const auto& [batch, connections] : plan.posts) {
    auto figures = measure_load(
        on, "posts", {.batch = batch, .connections = connections, .time = plan.time, .events = {}, .clock = {}});
    if (!figures) return tl::unexpected{figures.error()};
    all.loads.push_back(std::move(*figures));
  }
  return {};
}

result<void> measure_overload(test_bench& on, const bench_plan& plan, bench_result& all) {
  if (auto rested = on.rest(); !rested) return rested;
  for (const auto& [batch, connections, peak_connections] : overloads) {
    auto peak = measure_load(
        on, "peak", {.batch = batch, .connections = peak_connections, .time = plan.time, .events = {}, .clock = {}});
    if (!peak) return tl::unexpected{peak.error()};
    const auto per_second = peak->acked_per_second;
    all.loads.push_back(std::move(*peak));
    say(on, "overload: batches of " + std::to_string(batch));
    const overload_plan flood{
        .batch = batch, .connections = connections, .per_second = overload_factor * per_second, .time = plan.time};
    auto figures = measure_stored<overload_figures>(on, [&] {
      return run_overload(on.node.gateway(), on.events, flood, [&](size_t acked) {
        if (on.line.is_due()) on.line.show(grouped(acked) + " events acked");
      });
    });
    if (!figures) return tl::unexpected{figures.error()};
    figures->peak_per_second = per_second;
    all.overloads.push_back(std::move(*figures));
  }
  return {};
}

result<void> measure_viewers(test_bench& on, const bench_plan& plan, bench_result& all) {
  for (const auto viewers : viewer_counts) {
    if (auto rested = on.rest(); !rested) return rested;
    say(on, "viewers: " + std::to_string(viewers));
    auto figures = measure_stored<viewer_figures>(on, [&] {
      return run_viewers(on.node.gateway(), on.node.query(), on.events,
                         {.viewers = viewers, .events_per_second = events_watched, .time = plan.time});
    });
    if (!figures) return tl::unexpected{figures.error()};
    all.viewers.push_back(std::move(*figures));
  }
  return {};
}

result<void> measure_queries(test_bench& on, const bench_plan& plan, bench_result& all) {
  if (auto rested = on.rest(); !rested) return rested;
  say(on, "queries, with " + grouped(on.acked) + " events stored");
  all.events_queried = on.acked;
  auto cost = cost_of(on, [&]() -> result<steady::time_point> {
    auto figures = run_queries(on.node.query(), plan.time, [&](std::string_view name) { on.line.show(name); });
    if (!figures) return tl::unexpected{figures.error()};
    all.queries = std::move(*figures);
    return steady::now();
  });
  if (!cost) return tl::unexpected{cost.error()};
  all.query_cost = std::move(*cost);
  return {};
}

/// In this order the queries meet about the number of events that was asked for.
result<void> measure_all(test_bench& on, const bench_plan& plan, bench_result& all) {
  std::string sample;
  on.events.append_batch(sample, 1000, now());
  all.events = plan.events;
  all.event_bytes = sample.size() / 1000;
  const auto wants = [&](const char* phase) { return plan.phases.contains(phase); };
  auto done = measure_publishes(on, plan, all.ceiling).and_then([&] { return measure_fill(on, plan, all); });
  if (done && wants("viewers")) done = measure_viewers(on, plan, all);
  if (done && wants("queries")) done = measure_queries(on, plan, all);
  if (done && wants("posts")) done = measure_posts(on, plan, all);
  if (done && wants("overload")) done = measure_overload(on, plan, all);
  return done;
}

constexpr std::array flags_of_bench{
    flag{"events", "N", "How many events are stored before the queries are measured (default: 1000000)."},
    flag{"seconds", "N", "How long each phase that goes by time lasts (default: 3)."},
    flag{"phases", "NAME[,NAME...]",
         "Only some of fill, viewers, queries (which need the fill), posts, overload (default: all)."},
    flag{"posts", "BATCHxCONNECTIONS[,...]",
         "Which posts the phase of that name makes (default: batches of 1 and 100 from 4, 64 and 256 connections)."},
    flag{"json", "", "Print one JSON object instead of tables."},
};

constexpr std::array<std::string_view, 5> phase_names{"fill", "viewers", "queries", "posts", "overload"};

result<std::set<std::string>> phases_of(const given_flags& flags) {
  std::set<std::string> phases{phase_names.begin(), phase_names.end()};
  const auto given = flags.value("phases");
  if (!given) return phases;
  phases.clear();
  for (size_t from = 0; from <= given->size();) {
    const auto comma = std::min(given->find(',', from), given->size());
    const auto name = given->substr(from, comma - from);
    if (std::find(phase_names.begin(), phase_names.end(), name) == phase_names.end())
      return fail(fault::invalid, "--phases " + std::string{*given} + ": \"" + std::string{name}
                                      + "\" is none of fill, viewers, queries, posts, overload");
    phases.emplace(name);
    from = comma + 1;
  }
  return phases;
}

result<std::vector<post_kind>> posts_of(const given_flags& flags) {
  std::vector<post_kind> posts;
  const auto given = flags.value("posts");
  for (size_t from = 0; given && from <= given->size();) {
    const auto comma = std::min(given->find(',', from), given->size());
    const auto one = given->substr(from, comma - from);
    const auto* const end = one.data() + one.size();
    post_kind kind;
    const auto batch = std::from_chars(one.data(), end, kind.batch);
    const auto* const by = batch.ptr;
    const auto connections = by == end ? batch : std::from_chars(by + 1, end, kind.connections);
    if (batch.ec != std::errc{} || by == end || *by != 'x' || connections.ec != std::errc{} || connections.ptr != end
        || kind.batch == 0 || kind.batch > limits::batch_events || kind.connections == 0
        || kind.connections > most_connections)
      return fail(fault::invalid, "--posts " + std::string{*given} + ": \"" + std::string{one}
                                      + "\" is not BATCHxCONNECTIONS, a batch of 1 to "
                                      + std::to_string(limits::batch_events) + " events from 1 to "
                                      + std::to_string(most_connections) + " connections");
    posts.push_back(kind);
    from = comma + 1;
  }
  if (given) return posts;
  for (const auto batch : batches)
    for (const auto connections : connection_counts) posts.push_back({batch, connections});
  return posts;
}

result<bench_plan> plan_from(const given_flags& flags) {
  const auto events = number_flag(flags, "events", 1'000'000, 1, 100'000'000);
  if (!events) return tl::unexpected{events.error()};
  const auto seconds = number_flag(flags, "seconds", 3, 1, 3600);
  if (!seconds) return tl::unexpected{seconds.error()};
  auto phases = phases_of(flags);
  if (!phases) return tl::unexpected{phases.error()};
  auto posts = posts_of(flags);
  if (!posts) return tl::unexpected{posts.error()};
  return bench_plan{*events, std::chrono::seconds{*seconds}, std::move(*phases), std::move(*posts), flags.has("json")};
}

int finish(const result<void>& done, const bench_plan& plan, const bench_result& all) {
  if (!done) {
    complain(done.error().message);
    return exit_problem;
  }
  const auto text = plan.as_json ? as_json(all) + '\n' : as_tables(all);
  return std::fputs(text.c_str(), stdout) < 0 ? exit_problem : exit_ok;
}

} // namespace

result<steady::time_point> test_bench::wait_until_stored() {
  double seen = 0;
  auto progress = steady::now();
  for (;;) {
    const auto got = read_metrics(node.gateway());
    if (!got) return tl::unexpected{got.error()};
    const auto at = steady::now();
    const auto stored = got->value("agentmon_events_stored_total");
    if (stored >= static_cast<double>(acked)) return at;
    if (stored > seen) progress = at;
    seen = std::max(seen, stored);
    if (line.is_due()) line.show(grouped(static_cast<size_t>(stored)) + " of " + grouped(acked) + " events stored");
    if (at - progress > limits::bench_patience)
      return fail(fault::corrupt, grouped(acked) + " events were acked, but only "
                                      + grouped(static_cast<size_t>(stored))
                                      + " of them are stored and no more come: events are lost");
    if (!interrupt::pause(limits::bench_stored_look)) return fail(fault::stopping, "interrupted");
  }
}

result<size_t> test_bench::count_stored() {
  auto db = store::connect(node.database(), limits::doctor_verify_timeout);
  if (!db) return tl::unexpected{db.error()};
  const auto counted = db->exec("SELECT count(*) FROM events", store::parameters{});
  if (!counted) return tl::unexpected{counted.error()};
  const auto count = static_cast<size_t>(counted->get<int64_t>(0, 0));
  if (count != acked)
    return fail(fault::corrupt, grouped(acked) + " events were acked, but PostgreSQL holds " + grouped(count));
  return count - std::exchange(stored_, count);
}

result<void> test_bench::rest() {
  const auto begin = steady::now();
  auto used = cpu_seconds_of(node.id());
  while (steady::now() - begin < limits::bench_rest_timeout) {
    if (line.is_due()) line.show("waiting until the system is at rest");
    const auto from = steady::now();
    if (!interrupt::pause(limits::bench_rest_look)) return fail(fault::stopping, "interrupted");
    const auto now_used = cpu_seconds_of(node.id());
    constexpr double idle_cores = 0.1;
    if (now_used - std::exchange(used, now_used) < idle_cores * seconds_since(from)) break;
  }
  return {};
}

} // namespace bench

std::span<const flag> bench_flags() { return bench::flags_of_bench; }

int run_bench(const invocation& given) {
  if (!given.flags.words.empty())
    return complain("bench takes only flags, not " + given.flags.words.front()), exit_usage;
  const auto plan = bench::plan_from(given.flags);
  if (!plan) return complain(plan.error().message), exit_usage;
  interrupt::remember();
  progress_line line;
  log::set_level(log::level::warn); // the schema of the ceiling is no news
  std::fputs("starting a private instance in a temporary folder ...\n", stderr);
  auto node = bench::instance::start();
  if (!node) return complain(node.error().message), exit_problem;
  if (node->folder().is_in_memory())
    complain("the temporary folder lies in memory, where a sync costs nothing; TMPDIR names another");
  bench::test_bench on{std::move(*node), line};
  bench::bench_result all;
  const auto done = bench::measure_all(on, *plan, all);
  line.clear();
  return bench::finish(done, *plan, all);
}

} // namespace agentmon
