#include "bus/handles.hpp"

#include <charconv>

namespace agentmon::bus {
namespace {

std::string_view advice(natsStatus status, jsErrCode code) {
  switch (code) {
  case JSNotEnabledErr:
  case JSNotEnabledForAccountErr: return "enable JetStream in nats-server's configuration";
  case JSInsufficientResourcesErr:
  case JSStorageResourcesExceededErr:
  case JSStreamMaxStreamBytesExceededErr:
    return "give nats-server more disk (jetstream.max_file_store) or agentmon's stream a smaller bound";
  default: break;
  }
  switch (status) {
  case NATS_CONNECTION_AUTH_FAILED: return "check the user, password or token in NATS_URL";
  case NATS_NOT_PERMITTED: return "give this user the right to it in nats-server's configuration";
  case NATS_ADDRESS_MISSING: return "NATS_URL must read nats://host:port";
  case NATS_NO_RESPONDERS: return "enable JetStream in nats-server's configuration";
  case NATS_SECURE_CONNECTION_REQUIRED:
  case NATS_SECURE_CONNECTION_WANTED:
  case NATS_SSL_ERROR: return "let NATS_URL (nats:// or tls://) and nats-server's configuration agree on TLS";
  case NATS_MAX_PAYLOAD: return "raise max_payload in nats-server's configuration";
  case NATS_NO_SERVER: return "start nats-server there or correct NATS_URL";
  default: return "";
  }
}

/// cnats' words for its last error, without the place in its source that it puts before them.
std::string_view last_text(natsStatus status) {
  natsStatus told = NATS_OK;
  const char* raw = nats_GetLastError(&told);
  if (raw == nullptr || *raw == '\0' || told != status) return natsStatus_GetText(status);
  std::string_view text = raw;
  const auto place = text.find("): ");
  if (text.starts_with('(') && place != std::string_view::npos) text.remove_prefix(place + 3);
  return text;
}

} // namespace

fault fault_of(natsStatus status) {
  switch (status) {
  case NATS_TIMEOUT: return fault::timeout;
  case NATS_NOT_FOUND: return fault::not_found;
  case NATS_NO_MEMORY:
  case NATS_INSUFFICIENT_BUFFER: return fault::overload;
  case NATS_CONNECTION_AUTH_FAILED:
  case NATS_NOT_PERMITTED:
  case NATS_ADDRESS_MISSING:
  case NATS_INVALID_SUBJECT:
  case NATS_INVALID_ARG:
  case NATS_MAX_PAYLOAD: return fault::invalid;
  default: return fault::unavailable;
  }
}

fault fault_of(jsErrCode code) {
  switch (code) {
  case JSStreamNotFoundErr:
  case JSConsumerNotFoundErr:
  case JSNoMessageFoundErr:
  case JSSequenceNotFoundErr: return fault::not_found;
  case JSInsufficientResourcesErr:
  case JSMemoryResourcesExceededErr:
  case JSStorageResourcesExceededErr:
  case JSAccountResourcesExceededErr:
  case JSStreamMaxStreamBytesExceededErr:
  case JSStreamStoreFailedErr: return fault::overload; // the last one is also how a full stream answers
  case JSBadRequestErr:
  case JSStreamMessageExceedsMaximumErr:
  case JSStreamSubjectOverlapErr:
  case JSStreamInvalidConfig:
  case JSStreamSealedErr:
  case JSNotEnabledErr:
  case JSNotEnabledForAccountErr:
  case JSConsumerWQMultipleUnfilteredErr:
  case JSConsumerWQConsumerNotUniqueErr: return fault::invalid;
  default: return fault::unavailable;
  }
}

failure nats_failure(natsStatus status, std::string_view what, jsErrCode code) {
  const auto text = last_text(status);
  std::string message{what};
  message.append(": ").append(text);
  if (const auto next = advice(status, code); !next.empty()) message.append("; ").append(next);
  return {code == jsErrCode{} ? fault_of(status) : fault_of(code), std::move(message)};
}

result<std::string> make_inbox() {
  natsInbox* raw = nullptr;
  if (const auto status = natsInbox_Create(&raw); status != NATS_OK)
    return tl::unexpected{nats_failure(status, "cannot make a reply subject")};
  const nats_inbox_handle inbox{raw};
  return std::string{inbox.get()};
}

uint64_t last_token(std::string_view subject) {
  uint64_t number = 0;
  const auto digits = subject.substr(subject.rfind('.') + 1);
  const auto end = digits.data() + digits.size();
  if (std::from_chars(digits.data(), end, number).ptr != end) return 0;
  return number;
}

} // namespace agentmon::bus
