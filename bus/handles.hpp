#pragma once
#include "protocol/failure.hpp"

#include <nats/nats.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

/// cnats' objects as owners, its status codes as failures.
namespace agentmon::bus {

template <auto destroy>
struct nats_deleter {
  template <class T>
  void operator()(T* handle) const noexcept {
    destroy(handle);
  }
};

using nats_options_handle = std::unique_ptr<natsOptions, nats_deleter<natsOptions_Destroy>>;
using nats_connection_handle = std::unique_ptr<natsConnection, nats_deleter<natsConnection_Destroy>>;
using nats_subscription_handle = std::unique_ptr<natsSubscription, nats_deleter<natsSubscription_Destroy>>;
using nats_message_handle = std::unique_ptr<natsMsg, nats_deleter<natsMsg_Destroy>>;
using nats_inbox_handle = std::unique_ptr<natsInbox, nats_deleter<natsInbox_Destroy>>;
using jetstream_handle = std::unique_ptr<jsCtx, nats_deleter<jsCtx_Destroy>>;
using stream_info_handle = std::unique_ptr<jsStreamInfo, nats_deleter<jsStreamInfo_Destroy>>;
using consumer_info_handle = std::unique_ptr<jsConsumerInfo, nats_deleter<jsConsumerInfo_Destroy>>;

/// What kind of failure a status of cnats is.
fault fault_of(natsStatus);

/// What kind of failure an error code of JetStream's API or of a publish acknowledgement is.
fault fault_of(jsErrCode);

/// "`what`: cnats' text; what to do." Call it on the thread, and right after the call, that failed: cnats keeps its
/// text per thread. `code` is JetStream's own, where the call returns one.
failure nats_failure(natsStatus, std::string_view what, jsErrCode code = jsErrCode{});

/// A fresh subject that nobody else listens to.
result<std::string> make_inbox();

/// The number after the last dot of a subject; 0 when there is none.
uint64_t last_token(std::string_view subject);

/// Milliseconds as cnats takes them.
constexpr int64_t milliseconds(std::chrono::nanoseconds t) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(t).count();
}

} // namespace agentmon::bus
