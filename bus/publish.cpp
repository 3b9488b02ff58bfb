#include "bus/publish.hpp"

#include "bus/handles.hpp"
#include "protocol/packing.hpp"
#include "protocol/time.hpp"

#include <rapidjson/document.h>

namespace agentmon::bus {
namespace {

void tell_refusal(const publisher::callbacks& calls, uint64_t token, const rapidjson::Value& error) {
  const auto code = error.FindMember("err_code");
  const auto text = error.FindMember("description");
  const auto known = code != error.MemberEnd() && code->value.IsInt();
  const auto kind = known ? fault_of(static_cast<jsErrCode>(code->value.GetInt())) : fault::unavailable;
  std::string reason = "NATS did not store the message: ";
  reason += text != error.MemberEnd() && text->value.IsString() ? text->value.GetString() : "no reason given";
  calls.on_refused(token, kind, std::move(reason));
}

/// {"stream":"AGENTMON","seq":7,"duplicate":true} or {"error":{"code":503,"err_code":10077,"description":"..."}}
void tell_answer(const publisher::callbacks& calls, natsMsg* answer) {
  const auto token = last_token(natsMsg_GetSubject(answer));
  if (natsMsg_IsNoResponders(answer)) {
    calls.on_refused(token, fault::unavailable,
                     "no stream of NATS listens to the subject; it is created on connecting");
    return;
  }
  rapidjson::Document document;
  const auto& json = document.Parse(natsMsg_GetData(answer), static_cast<size_t>(natsMsg_GetDataLength(answer)));
  if (json.HasParseError() || !json.IsObject()) {
    calls.on_refused(token, fault::unavailable,
                     "NATS answered a published message with something that is no acknowledgement");
    return;
  }
  if (const auto error = json.FindMember("error"); error != json.MemberEnd() && error->value.IsObject())
    return tell_refusal(calls, token, error->value);
  const auto sequence = json.FindMember("seq");
  if (sequence == json.MemberEnd() || !sequence->value.IsUint64()) {
    calls.on_refused(token, fault::unavailable, "NATS acknowledged a message without its sequence number");
    return;
  }
  const auto duplicate = json.FindMember("duplicate");
  calls.on_ack(token, sequence->value.GetUint64(), duplicate != json.MemberEnd() && duplicate->value.IsTrue());
}

} // namespace

publisher::publisher(const connection& bus, std::string inbox, subscription answers)
    : nats_{bus.nats()},
      subject_{bus.settings().subject},
      where_{bus.where()},
      inbox_{std::move(inbox)},
      answers_{std::move(answers)} {}

result<publisher> publisher::open(const connection& bus, callbacks calls) {
  auto inbox = make_inbox();
  if (!inbox) return tl::unexpected{std::move(inbox.error())};
  // Unbounded, because a dropped answer would be a lost one; there are never more than the owner has published.
  auto answers = subscription::open(bus, *inbox + ".*", {},
                                    [calls = std::move(calls)](natsMsg* answer) { tell_answer(calls, answer); });
  if (!answers) return tl::unexpected{std::move(answers.error())};
  return publisher{bus, std::move(*inbox), std::move(*answers)};
}

result<void> publisher::publish(std::string_view events, const std::string& message_id, uint64_t token) const {
  const auto reply = inbox_ + '.' + std::to_string(token);
  std::string body;
  body.reserve(events.size() + 2);
  body.append(1, '[').append(events).append(1, ']');
  const bool packs = body.size() >= limits::pack_from_bytes;
  if (packs) body = pack(body);
  natsMsg* raw = nullptr;
  auto status = natsMsg_Create(&raw, subject_.c_str(), reply.c_str(), body.data(), static_cast<int>(body.size()));
  if (status != NATS_OK) return tl::unexpected{nats_failure(status, "cannot make a message for NATS")};
  const nats_message_handle message{raw};
  status = natsMsgHeader_Set(raw, "Nats-Msg-Id", message_id.c_str());
  if (status == NATS_OK && packs) status = natsMsgHeader_Set(raw, "Content-Encoding", "lz4");
  const auto published = std::to_string(now().time_since_epoch().count());
  if (status == NATS_OK) status = natsMsgHeader_Set(raw, published_header, published.c_str());
  if (status == NATS_OK) status = natsConnection_PublishMsg(nats_, raw);
  if (status != NATS_OK) return tl::unexpected{nats_failure(status, "cannot publish to " + subject_ + " at " + where_)};
  return {};
}

} // namespace agentmon::bus
