#include "bus/pull.hpp"

#include "bus/handles.hpp"
#include "protocol/packing.hpp"

#include <charconv>
#include <mutex>
#include <optional>

namespace agentmon::bus {
namespace {

using clock = std::chrono::steady_clock;

constexpr std::string_view ack_prefix = "$JS.ACK.";

/// A message's handle says what NATS knows about it:
/// $JS.ACK.[domain.account.]stream.consumer.delivered.stream_sequence.consumer_sequence.time.pending[.random]
struct delivery {
  uint64_t delivered = 0;
  uint64_t stream_sequence = 0;
  std::chrono::nanoseconds published{}; ///< since 1970
};

std::optional<delivery> read_handle(std::string_view handle) {
  if (!handle.starts_with(ack_prefix)) return std::nullopt;
  std::vector<std::string_view> tokens;
  for (size_t begin = 0; begin <= handle.size();) {
    const auto end = std::min(handle.find('.', begin), handle.size());
    tokens.push_back(handle.substr(begin, end - begin));
    begin = end + 1;
  }
  if (tokens.size() != 9 && tokens.size() < 11) return std::nullopt;
  const size_t at = tokens.size() == 9 ? 4 : 6;
  return delivery{.delivered = last_token(tokens[at]),
                  .stream_sequence = last_token(tokens[at + 1]),
                  .published = std::chrono::nanoseconds{last_token(tokens[at + 3])}};
}

std::string header(natsMsg* message, const char* key) {
  const char* value = nullptr;
  if (natsMsgHeader_Get(message, key, &value) != NATS_OK || value == nullptr) return {};
  return value;
}

/// What a status message says about the request: nothing yet, that it has ended as asked, or why it failed.
struct verdict {
  bool ended = true;
  std::optional<failure> why;
};

verdict judge(natsMsg* message, const std::string& consumer) {
  const auto status = header(message, "Status");
  const auto text = header(message, "Description");
  if (status == "100") return {.ended = false, .why = {}}; // idle heartbeat
  if (status == "404" || status == "408") return {};       // nothing (more) to deliver in time
  if (status == "409" && text.starts_with("Message Size Exceeds MaxBytes")) return {};
  if (status == "409" && text == "Consumer Deleted")
    return {.why = failure{fault::not_found, consumer + " was deleted; it is made anew on connecting"}};
  if (status == "503")
    return {.why = failure{fault::not_found, consumer + " does not answer: it is missing or JetStream is off"}};
  return {.why = failure{fault::unavailable, consumer + " ended a pull request: " + status + " " + text}};
}

} // namespace

struct puller::state {
  state(const connection& bus, puller::callbacks c)
      : nats{bus.nats()},
        consumer{"consumer " + bus.settings().durable + " of stream " + bus.settings().stream},
        api{"$JS.API.CONSUMER.MSG.NEXT." + bus.settings().stream + "." + bus.settings().durable},
        callbacks{std::move(c)} {}

  void receive(natsMsg*);
  void take_message(natsMsg*, const delivery&);
  void take_status(natsMsg*);
  void take_tick();
  /// Ends the request and tells; `lock` is released.
  void end(std::unique_lock<std::mutex> lock, std::optional<failure> why);
  result<void> send(const std::string& handle, std::string_view word) const;

  natsConnection* const nats;
  const std::string consumer;
  const std::string api;
  const puller::callbacks callbacks;
  std::string inbox;

  std::mutex mutex;    ///< guards what follows
  uint64_t number = 0; ///< of the latest request
  bool under_way = false;
  size_t asked = 0;
  size_t received = 0;
  clock::time_point deadline;

  std::optional<subscription> answers; ///< last: its callbacks use all of the above
};

void puller::state::receive(natsMsg* message) {
  if (message == nullptr) return take_tick();
  const char* reply = natsMsg_GetReply(message);
  if (const auto d = read_handle(reply == nullptr ? "" : reply)) return take_message(message, *d);
  take_status(message);
}

void puller::state::take_message(natsMsg* message, const delivery& d) {
  const std::string_view body{natsMsg_GetData(message), static_cast<size_t>(natsMsg_GetDataLength(message))};
  callbacks.on_message({.payload = {body.begin(), body.end()},
                        .bytes = unpacked_bytes(body),
                        .handle = natsMsg_GetReply(message),
                        .stream_sequence = d.stream_sequence,
                        .delivered = d.delivered,
                        .published = std::chrono::system_clock::time_point{
                            std::chrono::duration_cast<std::chrono::system_clock::duration>(d.published)}});
  std::unique_lock lock{mutex};
  if (under_way && ++received == asked) end(std::move(lock), {});
}

void puller::state::take_status(natsMsg* message) {
  auto said = judge(message, consumer);
  std::unique_lock lock{mutex};
  // An earlier request that we gave up may still report.
  const bool ours = under_way && last_token(natsMsg_GetSubject(message)) == number;
  if (ours && said.ended) end(std::move(lock), std::move(said.why));
}

void puller::state::take_tick() {
  std::unique_lock lock{mutex};
  if (!under_way || clock::now() < deadline) return;
  end(std::move(lock), failure{fault::timeout, consumer + " left a pull request without an answer; it is sent again"});
}

void puller::state::end(std::unique_lock<std::mutex> lock, std::optional<failure> why) {
  under_way = false;
  const size_t messages = received;
  lock.unlock();
  if (why)
    callbacks.on_ended(tl::unexpected{std::move(*why)});
  else
    callbacks.on_ended(messages);
}

result<void> puller::state::send(const std::string& handle, std::string_view word) const {
  const auto status = natsConnection_Publish(nats, handle.c_str(), word.data(), static_cast<int>(word.size()));
  if (status != NATS_OK) return tl::unexpected{nats_failure(status, "cannot tell NATS about a message")};
  return {};
}

result<puller> puller::open(const connection& bus, callbacks calls) {
  auto made = std::make_unique<state>(bus, std::move(calls));
  auto inbox = make_inbox();
  if (!inbox) return tl::unexpected{std::move(inbox.error())};
  made->inbox = std::move(*inbox);
  // Unbounded here, because a message dropped here would come again only after ack_wait: what bounds it is that NATS
  // never sends more than was asked for.
  auto answers = subscription::open(
      bus, made->inbox + ".*",
      {.tick = std::chrono::duration_cast<std::chrono::milliseconds>(limits::bus_request_timeout) / 4},
      [self = made.get()](natsMsg* message) { self->receive(message); });
  if (!answers) return tl::unexpected{std::move(answers.error())};
  made->answers.emplace(std::move(*answers));
  return puller{std::move(made)};
}

result<void> puller::request(demand d) {
  auto& s = *state_;
  std::unique_lock lock{s.mutex};
  if (s.under_way) return fail(fault::invalid, "a pull request is under way; wait until it ends");
  s.under_way = true;
  s.received = 0;
  s.asked = d.messages;
  s.deadline = clock::now() + std::chrono::duration_cast<clock::duration>(d.expires) + limits::bus_request_timeout;
  const auto reply = s.inbox + '.' + std::to_string(++s.number);
  const auto body = R"({"batch":)" + std::to_string(d.messages) + R"(,"max_bytes":)" + std::to_string(d.bytes)
                    + R"(,"expires":)" + std::to_string(d.expires.count()) + '}';
  const auto status =
      natsConnection_PublishRequest(s.nats, s.api.c_str(), reply.c_str(), body.data(), static_cast<int>(body.size()));
  if (status == NATS_OK) return {};
  s.under_way = false;
  return tl::unexpected{nats_failure(status, "cannot ask " + s.consumer + " for messages")};
}

result<void> puller::ack(const std::string& handle) const { return state_->send(handle, "+ACK"); }
result<void> puller::nak(const std::string& handle) const { return state_->send(handle, "-NAK"); }
result<void> puller::in_progress(const std::string& handle) const { return state_->send(handle, "+WPI"); }

puller::puller(std::unique_ptr<state> s) : state_{std::move(s)} {}
puller::puller(puller&&) noexcept = default;
puller& puller::operator=(puller&&) noexcept = default;
puller::~puller() = default;

} // namespace agentmon::bus
