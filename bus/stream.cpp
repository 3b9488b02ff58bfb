#include "bus/stream.hpp"

#include "bus/handles.hpp"
#include "protocol/log.hpp"

#include <algorithm>

namespace agentmon::bus {
namespace {

constexpr int64_t nanoseconds(std::chrono::nanoseconds t) { return t.count(); }

stream_state state_of(const jsStreamInfo& info) {
  return {.created = std::chrono::sys_time<std::chrono::nanoseconds>{std::chrono::nanoseconds{info.Created}},
          .first_sequence = info.State.FirstSeq,
          .last_sequence = info.State.LastSeq,
          .messages = info.State.Msgs,
          .bytes = info.State.Bytes};
}

/// What would make the stream lose, hide or never accept an event; empty when nothing does.
std::string objection_to(const jsStreamConfig& c, const bus_settings& settings) {
  if (c.SubjectsLen != 1 || settings.subject != c.Subjects[0])
    return "it must hold the subject " + settings.subject + " and no other";
  if (c.Storage != js_FileStorage) return "its storage is memory, which a restart of NATS empties; it must be file";
  if (c.Retention != js_WorkQueuePolicy)
    return "its retention must be workqueue, so that a message stays until it is committed and then goes";
  const bool bounded = c.MaxBytes > 0 || c.MaxMsgs > 0;
  if (bounded && c.Discard != js_DiscardNew)
    return "with discard old a full stream drops what is not yet committed; it must be discard new";
  if (c.MaxMsgsPerSubject > 0) return "max_msgs_per_subject drops what is not yet committed; it must be unset";
  if (c.MaxAge > 0) return "max_age drops what is not yet committed; it must be unset";
  if (c.MaxMsgSize > 0 && static_cast<size_t>(c.MaxMsgSize) < limits::record_bytes + limits::KiB)
    return "its max_msg_size refuses our messages; it must be unset or at least "
           + std::to_string(limits::record_bytes + limits::KiB);
  if (c.NoAck) return "it does not acknowledge what it stores; no_ack must be false";
  if (c.Sealed) return "it is sealed and takes no messages";
  return {};
}

std::string objection_to(const jsConsumerConfig& c, const bus_settings& settings) {
  if (c.DeliverSubject != nullptr && *c.DeliverSubject != '\0')
    return "it is a push consumer; it must be a pull consumer";
  if (c.AckPolicy != js_AckExplicit) return "its ack policy must be explicit";
  if (c.MaxDeliver > 0) return "max_deliver gives a message up that is not committed; it must be unlimited";
  if (c.FilterSubject != nullptr && *c.FilterSubject != '\0' && settings.subject != c.FilterSubject)
    return "its filter hides the subject " + settings.subject;
  if (c.HeadersOnly) return "it delivers headers only";
  return {};
}

failure unfit(const std::string& what, const std::string& objection, const connection& bus) {
  return {fault::invalid, what + " at " + bus.where() + " cannot be used: " + objection
                              + ". Change it, or delete it and it is made anew, or choose another name"};
}

std::string stream_name(const connection& bus) { return "stream " + bus.settings().stream; }
std::string consumer_name(const connection& bus) {
  return "consumer " + bus.settings().durable + " of stream " + bus.settings().stream;
}

result<stream_info_handle> look_up_stream(const connection& bus) {
  jsStreamInfo* raw = nullptr;
  jsErrCode code{};
  const auto status = js_GetStreamInfo(&raw, bus.jetstream(), bus.settings().stream.c_str(), nullptr, &code);
  if (status == NATS_OK) return stream_info_handle{raw};
  return tl::unexpected{nats_failure(status, "cannot look up " + stream_name(bus) + " at " + bus.where(), code)};
}

result<stream_info_handle> make_stream(const connection& bus) {
  const auto& settings = bus.settings();
  const char* subject = settings.subject.c_str();
  jsStreamConfig c;
  jsStreamConfig_Init(&c);
  c.Name = settings.stream.c_str();
  c.Description = "agentmon: events on their way to the store";
  c.Subjects = &subject;
  c.SubjectsLen = 1;
  c.Storage = js_FileStorage;
  c.Retention = js_WorkQueuePolicy;
  c.Discard = js_DiscardNew;
  c.MaxBytes = static_cast<int64_t>(settings.stream_bytes);
  c.Replicas = 1;
  // Spares the processors most of what a new epoch sends again. Exactness does not rest on it: the store knows every
  // event by its id, however often and however late it comes.
  c.Duplicates = nanoseconds(limits::duplicate_window);
  jsStreamInfo* raw = nullptr;
  jsErrCode code{};
  const auto status = js_AddStream(&raw, bus.jetstream(), &c, nullptr, &code);
  if (status == NATS_OK) return stream_info_handle{raw};
  if (code == JSStreamNameExistErr) return look_up_stream(bus); // another node was faster
  return tl::unexpected{nats_failure(status, "cannot make " + stream_name(bus) + " at " + bus.where(), code)};
}

result<consumer_info_handle> look_up_consumer(const connection& bus) {
  jsConsumerInfo* raw = nullptr;
  jsErrCode code{};
  const auto& settings = bus.settings();
  const auto status =
      js_GetConsumerInfo(&raw, bus.jetstream(), settings.stream.c_str(), settings.durable.c_str(), nullptr, &code);
  if (status == NATS_OK) return consumer_info_handle{raw};
  return tl::unexpected{nats_failure(status, "cannot look up " + consumer_name(bus) + " at " + bus.where(), code)};
}

/// A consumer is never ahead of its stream, unless NATS has lost messages. The stream is asked second: it only grows.
result<consumer_info_handle> look_up_sound_consumer(const connection& bus) {
  auto found = look_up_consumer(bus);
  if (!found) return found;
  const auto stream = look_up_stream(bus);
  if (!stream) return tl::unexpected{stream.error()};
  const auto reached = std::max((*found)->Delivered.Stream, (*found)->AckFloor.Stream);
  const auto last = (*stream)->State.LastSeq;
  if (reached <= last) return found;
  if (auto cleared = clear_stream(bus, "its consumer is at message " + std::to_string(reached) + ", its end at "
                                           + std::to_string(last));
      !cleared)
    return tl::unexpected{cleared.error()};
  return fail(fault::not_found, consumer_name(bus) + " was removed");
}

/// Making the same consumer twice, as two nodes may, is no error for NATS.
result<consumer_info_handle> make_consumer(const connection& bus) {
  const auto& settings = bus.settings();
  jsConsumerConfig c;
  jsConsumerConfig_Init(&c);
  c.Durable = settings.durable.c_str();
  c.Description = "agentmon: shared by all processors";
  c.DeliverPolicy = js_DeliverAll;
  c.AckPolicy = js_AckExplicit;
  c.AckWait = nanoseconds(limits::ack_wait);
  c.MaxDeliver = -1;
  c.MaxAckPending = limits::ack_pending;
  jsConsumerInfo* raw = nullptr;
  jsErrCode code{};
  const auto status = js_AddConsumer(&raw, bus.jetstream(), settings.stream.c_str(), &c, nullptr, &code);
  if (status == NATS_OK) return consumer_info_handle{raw};
  return tl::unexpected{nats_failure(status, "cannot make " + consumer_name(bus) + " at " + bus.where(), code)};
}

/// Looks up, makes when absent, and takes nothing that breaks a promise.
template <class Handle>
result<Handle> ensure(result<Handle> found, result<Handle> (*make)(const connection&), const connection& bus,
                      const std::string& what) {
  if (!found && found.error().code == fault::not_found) found = make(bus);
  if (!found) return found;
  if (const auto objection = objection_to(*(*found)->Config, bus.settings()); !objection.empty())
    return tl::unexpected{unfit(what, objection, bus)};
  return found;
}

} // namespace

result<stream_state> ensure_stream(const connection& bus) {
  return ensure(look_up_stream(bus), make_stream, bus, stream_name(bus)).map([](const auto& info) {
    return state_of(*info);
  });
}

result<void> ensure_consumer(const connection& bus) {
  return ensure(look_up_sound_consumer(bus), make_consumer, bus, consumer_name(bus)).map([](const auto&) {});
}

result<void> clear_stream(const connection& bus, const std::string& why) {
  log::warn("bus", "NATS has lost part of the stream; it is emptied and filled again from the journals",
            {{"stream", bus.settings().stream}, {"reason", why}});
  const auto& settings = bus.settings();
  jsErrCode code{};
  auto status = js_DeleteConsumer(bus.jetstream(), settings.stream.c_str(), settings.durable.c_str(), nullptr, &code);
  if (status == NATS_OK || status == NATS_NOT_FOUND)
    status = js_PurgeStream(bus.jetstream(), settings.stream.c_str(), nullptr, &code);
  if (status == NATS_OK) return {};
  return tl::unexpected{nats_failure(status, "cannot empty " + stream_name(bus) + " at " + bus.where(), code)};
}

result<stream_state> stream(const connection& bus) {
  return look_up_stream(bus).map([](const auto& info) { return state_of(*info); });
}

result<consumer_state> consumer(const connection& bus) {
  return look_up_consumer(bus).map([](const consumer_info_handle& info) {
    return consumer_state{.created =
                              std::chrono::sys_time<std::chrono::nanoseconds>{std::chrono::nanoseconds{info->Created}},
                          .ack_floor = info->AckFloor.Stream,
                          .delivered = info->Delivered.Consumer,
                          .pending = info->NumPending,
                          .ack_pending = static_cast<uint64_t>(info->NumAckPending),
                          .redelivered = static_cast<uint64_t>(info->NumRedelivered),
                          .waiting = info->NumWaiting};
  });
}

result<std::optional<std::string>> message_id_at(const connection& bus, uint64_t sequence) {
  if (sequence == 0) return std::nullopt; // JetStream counts from 1
  natsMsg* raw = nullptr;
  jsErrCode code{};
  const auto status = js_GetMsg(&raw, bus.jetstream(), bus.settings().stream.c_str(), sequence, nullptr, &code);
  if (code == JSNoMessageFoundErr) return std::nullopt;
  if (status != NATS_OK)
    return tl::unexpected{nats_failure(
        status, "cannot read message " + std::to_string(sequence) + " of " + stream_name(bus) + " at " + bus.where(),
        code)};
  const nats_message_handle message{raw};
  const char* id = nullptr;
  if (natsMsgHeader_Get(raw, "Nats-Msg-Id", &id) != NATS_OK || id == nullptr) return std::nullopt;
  return std::string{id};
}

} // namespace agentmon::bus
