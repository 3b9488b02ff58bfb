#include "protocol/encode.hpp"
#include "store/event_rows.hpp"
#include "store/partitions.hpp"
#include "tests/store/postgres_fixture.hpp"
#include "tests/store/scenario.hpp"

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <deque>
#include <fstream>
#include <random>
#include <thread>

/// How fast the writer is, against its ceiling: a bare binary COPY of the same events into the same kind of table, in
/// turns, on a server with fsync. Realistic events: a few hundred sessions at once, each of 5 runs of 8 spans, each
/// span with start and end. `bench_writing WRITERS MESSAGES`: so many writers beside each other, so many messages of
/// 100 events a transaction. Decoding is in the writer's time, as it is in the product.
using namespace agentmon;
using namespace agentmon::store;
using namespace agentmon::test;

namespace {

constexpr size_t sessions_at_once = 300;
constexpr size_t message_events = 100;
constexpr size_t round_messages = 448; // of 100 events of 750 bytes: 32 MiB
constexpr int rounds = 6;              // the first one warms up

std::string payload_of(std::string_view type, int span) {
  const std::string input =
      "find the report of last week in the shared folder and say in three sentences what changed since";
  if (type == "span.start")
    return R"({"kind":"tool","name":"tool_)" + std::to_string(span) + R"(","input":{"command":")" + input + ' ' + input
           + R"(","cwd":"/home/agent/work"}})";
  if (type == "span.end")
    return R"({"kind":"tool","name":"tool_)" + std::to_string(span) + R"(","status":"success","duration_ms":)"
           + std::to_string(7 * span + 3) + R"(.25,"output":")" + input + ' ' + input
           + R"(","usage":{"input_tokens":1200,"output_tokens":80,"cost_usd":0.0042,"model":"claude-sonnet-4"}})";
  return R"({"status":"success","input":")" + input + "\"}";
}

/// One session, told event by event.
class teller {
public:
  explicit teller(unsigned number)
      : framework_{number % 3 == 0 ? "codex" : "openclaw"}, host_{"host-" + std::to_string(number % 20)} {}

  bool done() const { return step_ == steps; }

  std::string next(timestamp at) {
    const int step = step_++;
    if (step == 0) return event_of("session.start", at, 0);
    if (step == steps - 1) return event_of("session.end", at, 0);
    const int in_run = (step - 1) % run_steps;
    if (in_run == 0) run_ = to_string(make_uuid());
    if (in_run == 0) return event_of("run.start", at, 0);
    if (in_run == run_steps - 1) {
      auto text = event_of("run.end", at, 0);
      run_.clear();
      return text;
    }
    const bool starts = in_run % 2 == 1;
    if (starts) span_ = to_string(make_uuid());
    auto text = event_of(starts ? "span.start" : "span.end", at, (in_run - 1) / 2);
    if (!starts) span_.clear();
    return text;
  }

private:
  static constexpr int run_steps = 18, steps = 5 * run_steps + 2;

  std::string event_of(std::string_view type, timestamp at, int number) const {
    const auto payload = payload_of(type, number);
    return encode({.id = make_uuid(at),
                   .ts = at,
                   .type = type,
                   .framework = framework_,
                   .client_id = host_,
                   .host = host_,
                   .session_id = session_,
                   .run_id = run_,
                   .span_id = span_,
                   .attributes = R"({"service.version":"1.2.3","os":"linux"})",
                   .payload = payload});
  }

  std::string session_ = to_string(make_uuid()), run_, span_;
  std::string framework_, host_;
  int step_ = 0;
};

/// Messages as they come by the bus: sessions take turns at random, an ended one makes room for a new one.
class source {
public:
  std::vector<std::string> messages(size_t count) {
    std::vector<std::string> made;
    while (made.size() < count) {
      std::string text = "[";
      for (size_t i = 0; i < message_events; ++i) text += (i > 0 ? "," : "") + next();
      made.push_back(text + ']');
    }
    return made;
  }

private:
  std::string next() {
    auto& session = active_[random_() % active_.size()];
    if (!session || session->done()) session.emplace(number_++);
    at_ = std::max(at_ + std::chrono::microseconds{1}, now());
    return session->next(at_);
  }

  std::vector<std::optional<teller>> active_{sessions_at_once};
  std::mt19937 random_{1};
  unsigned number_ = 0;
  timestamp at_{};
};

double seconds(std::chrono::microseconds time) { return static_cast<double>(time.count()) / 1e6; }

/// Processor time of this process, and of a connection's backend, in seconds.
double cpu_of_this() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

/// Since the process began, from /proc: utime and stime.
double cpu_of(const std::string& pid) {
  std::ifstream file{"/proc/" + pid + "/stat"};
  std::string word;
  double ticks = 0;
  for (int i = 1; i <= 15 && file >> word; ++i)
    if (i >= 14) ticks += std::stod(word);
  return ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
}

double cpu_of_backends(const database& db) {
  auto link = db.connect();
  const auto found = must(link.exec("SELECT pid::text FROM pg_stat_activity WHERE datname = current_database()"
                                    " AND pid <> pg_backend_pid()",
                                    parameters{}));
  double sum = 0;
  for (int row = 0; row < found.size(); ++row) sum += cpu_of(found.get<std::string>(row, 0));
  return sum;
}

struct figures {
  double wall = 0, copy = 0, fold = 0, lock = 0, commit = 0, decode = 0, ours = 0, backend = 0;
};

/// One writer's share: every `writers`-th transaction.
void write_share(event_writer& writer, const std::vector<std::string>& messages, size_t transaction, size_t share,
                 size_t writers, figures& sums) {
  for (size_t at = share * transaction; at < messages.size(); at += writers * transaction) {
    const auto begin = std::chrono::steady_clock::now();
    std::deque<event_batch> batches;
    std::vector<incoming> in;
    for (size_t i = at; i < std::min(at + transaction, messages.size()); ++i) {
      batches.push_back(must(decode(std::string_view{messages[i]})));
      in.push_back({&batches.back(), i});
    }
    sums.decode += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    const auto report = must(writer.write(in));
    sums.copy += seconds(report.copy_time);
    sums.fold += seconds(report.fold_time);
    sums.lock += seconds(report.lock_time);
    sums.commit += seconds(report.commit_time);
  }
}

/// The ceiling: the rows of the same transactions, decoded before the clock starts.
double copy_alone(connection& db, const std::vector<std::string>& messages, size_t transaction) {
  std::deque<event_batch> batches;
  for (const auto& text : messages) batches.push_back(must(decode(std::string_view{text})));
  const auto begin = std::chrono::steady_clock::now();
  for (size_t at = 0; at < batches.size(); at += transaction) {
    std::vector<const event*> events;
    for (size_t i = at; i < std::min(at + transaction, batches.size()); ++i)
      for (const auto& e : batches[i].events) events.push_back(&e);
    must(db.exec("BEGIN"));
    must(copy_events(db, "events", events));
    must(db.exec("COMMIT"));
  }
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

void run(size_t writers, size_t transaction) {
  postgres_server server{true};
  const database ours{server}, bare{server};
  std::vector<event_writer> open;
  for (size_t i = 0; i < writers; ++i) open.push_back(ours.writer());
  auto ceiling = bare.connect();
  const auto today = std::chrono::floor<std::chrono::days>(now());
  partitions days;
  must(days.ensure(ceiling, {today, today + std::chrono::days{1}}, now()));
  source events;
  figures sum;
  double alone = 0, alone_backend = 0;
  size_t bytes = 0;
  for (int round = 0; round < rounds; ++round) {
    const auto messages = events.messages(round_messages);
    std::vector<figures> shares(writers);
    const double cpu = cpu_of_this(), backend = cpu_of_backends(ours);
    const auto begin = std::chrono::steady_clock::now();
    {
      std::vector<std::jthread> threads;
      for (size_t i = 0; i < writers; ++i)
        threads.emplace_back([&, i] { write_share(open[i], messages, transaction, i, writers, shares[i]); });
    }
    const auto wall = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    const double cpu_after = cpu_of_this(), backend_after = cpu_of_backends(ours);
    const double bare_backend = cpu_of_backends(bare);
    const auto took = copy_alone(ceiling, messages, transaction);
    if (round == 0) continue;
    alone += took;
    alone_backend += cpu_of_backends(bare) - bare_backend;
    sum.wall += wall;
    sum.ours += cpu_after - cpu;
    sum.backend += backend_after - backend;
    for (const auto& share : shares) {
      sum.decode += share.decode;
      sum.copy += share.copy;
      sum.fold += share.fold;
      sum.lock += share.lock;
      sum.commit += share.commit;
    }
    for (const auto& text : messages) bytes += text.size();
  }
  const auto rows = static_cast<double>(round_messages * message_events * (rounds - 1));
  std::printf("%zu writers, %zu events a transaction, %.0f bytes an event; all times in us an event\n", writers,
              transaction * message_events, static_cast<double>(bytes) / rows);
  const auto each = [&](double time) { return 1e6 * time / rows; };
  std::printf("writer     %8.0f rows/s  decode %.2f, copy %.2f, lock %.2f, fold %.2f (%.0f %% of copy), commit %.2f;"
              " processor: ours %.2f, backend %.2f\n",
              rows / sum.wall, each(sum.decode), each(sum.copy), each(sum.lock), each(sum.fold),
              100 * sum.fold / sum.copy, each(sum.commit), each(sum.ours), each(sum.backend));
  std::printf(
      "bare COPY  %8.0f rows/s  backend %.2f; the writer reaches %.0f %%, its fold takes %.0f %% of a bare COPY\n",
      rows / alone, each(alone_backend), 100 * alone / sum.wall, 100 * sum.fold / alone);
}

} // namespace

int main(int count, char** words) {
  const auto number = [&](int at, size_t otherwise) {
    return at < count ? static_cast<size_t>(std::atoll(words[at])) : otherwise;
  };
  run(number(1, 1), number(2, 56));
}
