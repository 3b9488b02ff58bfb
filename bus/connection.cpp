#include "bus/connection.hpp"

#include "bus/handles.hpp"
#include "bus/socket_loop.hpp"
#include "protocol/log.hpp"

#include <condition_variable>
#include <mutex>
#include <sstream>
#include <vector>

namespace agentmon::bus {

struct connection::state {
  state(bus_settings s, connection::callbacks c)
      : settings{std::move(s)}, where{without_secrets(settings.url)}, callbacks{std::move(c)} {}
  ~state();
  state(const state&) = delete;
  state& operator=(const state&) = delete;

  natsStatus configure(natsOptions*);
  static void told_closed(natsConnection*, void* self);
  static void told_error(natsConnection*, natsSubscription*, natsStatus, void* self);

  const bus_settings settings;
  const std::string where;
  const connection::callbacks callbacks;
  socket_loop loop;
  nats_connection_handle nats;
  jetstream_handle jetstream;

  std::mutex mutex;
  std::condition_variable changed;
  bool closing = false; ///< by us
  bool closed = false;  ///< cnats has made its last call
};

connection::state::~state() {
  if (!nats) return;
  {
    const std::lock_guard lock{mutex};
    closing = true;
  }
  natsConnection_FlushTimeout(nats.get(), milliseconds(limits::bus_close_flush));
  jetstream.reset();
  loop.stop();
  nats.reset();
  // cnats reports the end of each connection, ours or not, as the last of its callbacks and on another thread.
  std::unique_lock lock{mutex};
  changed.wait(lock, [&] { return closed; });
}

void connection::state::told_closed(natsConnection* nats, void* closure) {
  auto& self = *static_cast<state*>(closure);
  const char* text = nullptr;
  natsConnection_GetLastError(nats, &text);
  const std::string reason = text == nullptr || *text == '\0' ? "closed by the server" : text;
  std::unique_lock lock{self.mutex};
  const bool lost = !self.closing;
  lock.unlock();
  if (lost && self.callbacks.on_lost)
    self.callbacks.on_lost("lost the connection to NATS at " + self.where + ": " + reason);
  lock.lock();
  self.closed = true;
  self.changed.notify_all(); // under the lock: the waiter destroys us
}

void connection::state::told_error(natsConnection*, natsSubscription*, natsStatus status, void* closure) {
  if (status == NATS_SLOW_CONSUMER) return; // counted where it may happen: tap::dropped
  const auto& self = *static_cast<state*>(closure);
  log::warn("bus", nats_failure(status, "NATS refuses an operation").message, {{"url", self.where}});
}

natsStatus connection::state::configure(natsOptions* options) {
  std::vector<std::string> urls;
  std::istringstream list{settings.url};
  for (std::string url; std::getline(list, url, ',');) urls.push_back(url);
  std::vector<const char*> servers;
  for (const auto& url : urls) servers.push_back(url.c_str());

  natsStatus status = NATS_OK;
  const auto also = [&](natsStatus next) { status = status == NATS_OK ? next : status; };
  also(natsOptions_SetServers(options, servers.data(), static_cast<int>(servers.size())));
  also(natsOptions_SetName(options, "agentmon"));
  also(natsOptions_SetTimeout(options, milliseconds(limits::bus_connect_timeout)));
  also(natsOptions_SetAllowReconnect(options, false));
  also(natsOptions_SetPingInterval(options, milliseconds(limits::bus_ping_interval)));
  also(natsOptions_SetMaxPingsOut(options, limits::bus_pings_unanswered));
  also(natsOptions_SetClosedCB(options, told_closed, this));
  also(natsOptions_SetErrorHandler(options, told_error, this));
  also(loop.install(options));
  return status;
}

result<connection> connection::open(bus_settings settings, callbacks calls) {
  auto made = std::make_unique<state>(std::move(settings), std::move(calls));
  const auto failed = [&](natsStatus status) {
    return tl::unexpected{nats_failure(status, "cannot connect to NATS at " + made->where)};
  };
  natsOptions* raw_options = nullptr;
  if (const auto status = natsOptions_Create(&raw_options); status != NATS_OK) return failed(status);
  const nats_options_handle options{raw_options};
  if (const auto status = made->configure(options.get()); status != NATS_OK) return failed(status);

  natsConnection* raw = nullptr;
  if (const auto status = natsConnection_Connect(&raw, options.get()); status != NATS_OK) return failed(status);
  made->nats.reset(raw);

  jsOptions jetstream_options;
  jsOptions_Init(&jetstream_options);
  jetstream_options.Wait = milliseconds(limits::bus_request_timeout);
  jsCtx* jetstream = nullptr;
  if (const auto status = natsConnection_JetStream(&jetstream, raw, &jetstream_options); status != NATS_OK)
    return failed(status);
  made->jetstream.reset(jetstream);
  return connection{std::move(made)};
}

connection::connection(std::unique_ptr<state> s) : state_{std::move(s)} {}
connection::connection(connection&&) noexcept = default;
connection& connection::operator=(connection&&) noexcept = default;
connection::~connection() = default;

const bus_settings& connection::settings() const { return state_->settings; }
const std::string& connection::where() const { return state_->where; }
natsConnection* connection::nats() const { return state_->nats.get(); }
const socket_loop& connection::loop() const { return state_->loop; }
jsCtx* connection::jetstream() const { return state_->jetstream.get(); }

size_t connection::max_payload() const {
  const auto bytes = natsConnection_GetMaxPayload(nats());
  return bytes > 0 ? static_cast<size_t>(bytes) : 0;
}

} // namespace agentmon::bus
