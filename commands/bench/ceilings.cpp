#include "commands/bench/ceilings.hpp"

#include "bus/handles.hpp"
#include "commands/interrupt.hpp"
#include "protocol/decode.hpp"
#include "protocol/limits.hpp"
#include "store/event_rows.hpp"
#include "store/migrate.hpp"
#include "store/partitions.hpp"

#include <algorithm>

namespace agentmon::bench {
namespace {

constexpr auto stream_name = "AGENTMON_BENCH";
constexpr auto subject = "agentmon.bench";

/// cnats as its documentation shows it, with nothing of ours around it.
struct bare_stream {
  bus::nats_connection_handle connection;
  bus::jetstream_handle jetstream;

  ~bare_stream() {
    if (jetstream) js_DeleteStream(jetstream.get(), stream_name, nullptr, nullptr);
  }
};

result<void> check(natsStatus status, std::string_view what) {
  if (status == NATS_OK) return {};
  return tl::unexpected{bus::nats_failure(status, what)};
}

result<void> open(bare_stream& to, const std::string& url, size_t window) {
  natsConnection* connection = nullptr;
  if (auto done = check(natsConnection_ConnectTo(&connection, url.c_str()), "cannot connect to the private NATS");
      !done)
    return done;
  to.connection.reset(connection);
  jsOptions options;
  jsOptions_Init(&options);
  options.PublishAsync.MaxPending = static_cast<int64_t>(window);
  options.PublishAsync.StallWait = bus::milliseconds(limits::publish_timeout);
  jsCtx* jetstream = nullptr;
  if (auto done = check(natsConnection_JetStream(&jetstream, connection, &options), "cannot use JetStream"); !done)
    return done;
  to.jetstream.reset(jetstream);
  const char* subjects = subject;
  jsStreamConfig c;
  jsStreamConfig_Init(&c);
  c.Name = stream_name;
  c.Subjects = &subjects;
  c.SubjectsLen = 1;
  c.Storage = js_FileStorage;
  c.Retention = js_WorkQueuePolicy;
  c.Discard = js_DiscardOld; // so that it never fills up
  c.MaxBytes = static_cast<int64_t>(limits::bench_stream_bytes);
  return check(js_AddStream(nullptr, jetstream, &c, nullptr, nullptr), "cannot make a stream");
}

std::vector<std::string> render_messages(event_source& events, size_t batch) {
  std::vector<std::string> messages;
  for (size_t bytes = 0; bytes < limits::bench_message_bytes; bytes += messages.back().size())
    events.append_batch(messages.emplace_back(), batch, now());
  return messages;
}

} // namespace

result<copy_ceiling> copy_ceiling::open(const std::string& conninfo, const std::string& name) {
  auto admin = store::connect(conninfo, limits::transaction_timeout);
  if (!admin) return tl::unexpected{admin.error()};
  if (auto made = admin->exec("CREATE DATABASE " + name); !made) return tl::unexpected{made.error()};
  auto db = store::connect(conninfo + " dbname=" + name, limits::transaction_timeout);
  if (!db) return tl::unexpected{db.error()};
  if (auto done = store::migrate(*db); !done) return tl::unexpected{done.error()};
  const auto today = std::chrono::floor<std::chrono::days>(now());
  if (auto days = store::partitions{}.ensure(*db, {today, today + std::chrono::days{1}}, now()); !days)
    return tl::unexpected{days.error()};
  // What autovacuum does here would take part of the machine while the system itself is measured.
  for (const auto day : {today, today + std::chrono::days{1}})
    if (auto off = db->exec("ALTER TABLE " + store::partition_name(day) + " SET (autovacuum_enabled = off)"); !off)
      return tl::unexpected{off.error()};
  return copy_ceiling{std::move(*admin), std::move(*db), name};
}

result<void> copy_ceiling::copy(event_source& from, size_t events) {
  for (size_t left = events; left > 0;) {
    if (interrupt::requested()) return fail(fault::stopping, "interrupted");
    const auto part = std::min(left, limits::bench_copy_transaction);
    std::string text;
    from.append_batch(text, part, now());
    const auto batch = decode(text);
    if (!batch) return tl::unexpected{batch.error()};
    std::vector<const event*> rows;
    for (const auto& e : batch->events) rows.push_back(&e);
    std::sort(rows.begin(), rows.end(), [](const event* a, const event* b) { return a->id < b->id; }); // as the writer
    const auto begin = steady::now();
    if (auto done = db_->transaction([&] { return store::copy_events(*db_, "events", rows); }); !done) return done;
    time_ += steady::now() - begin;
    rows_ += rows.size();
    left -= part;
  }
  return {};
}

result<void> copy_ceiling::drop() {
  db_.reset();
  return admin_.exec("DROP DATABASE " + name_ + " WITH (FORCE)");
}

result<double> publish_ceiling(const std::string& nats_url, event_source& events, size_t batch,
                               std::chrono::milliseconds time) {
  const auto messages = render_messages(events, batch);
  bare_stream stream;
  if (auto opened = open(stream, nats_url, limits::publish_window_bytes / messages.front().size() + 1); !opened)
    return tl::unexpected{opened.error()};
  size_t published = 0;
  const auto begin = steady::now();
  while (steady::now() - begin < time && !interrupt::requested()) {
    const auto& message = messages[published % messages.size()];
    if (auto done = check(
            js_PublishAsync(stream.jetstream.get(), subject, message.data(), static_cast<int>(message.size()), nullptr),
            "cannot publish");
        !done)
      return tl::unexpected{done.error()};
    ++published;
  }
  jsPubOptions patience;
  jsPubOptions_Init(&patience);
  patience.MaxWait = bus::milliseconds(limits::bench_patience);
  if (auto done =
          check(js_PublishAsyncComplete(stream.jetstream.get(), &patience), "published messages are not acknowledged");
      !done)
    return tl::unexpected{done.error()};
  return static_cast<double>(published * batch) / seconds_since(begin);
}

} // namespace agentmon::bench
