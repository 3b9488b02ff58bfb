#include "http/exchange.hpp"

#include "protocol/log.hpp"

#include <algorithm>

namespace agentmon {

struct exchange::state {
  state(std::shared_ptr<outlet> to, connection_id from, httplib::Request&& asked, answer_form wanted, std::string bytes,
        time_point when, held kept)
      : out{std::move(to)},
        connection{from},
        request{std::move(asked)},
        form{wanted},
        raw{std::move(bytes)},
        arrived{when},
        share{std::move(kept)} {}
  state(const state&) = delete;
  state& operator=(const state&) = delete;
  ~state() {
    if (answered) return;
    log::error("http", "a request was dropped without an answer", {{"method", request.method}, {"path", request.path}});
    send(error(500, "internal", "The request was not answered; this is a fault of the server."));
  }

  void send(const response& what, answers& with) {
    if (std::exchange(answered, true)) return;
    with.add(out, {connection, to_bytes(what, form), !form.keep_alive});
  }
  void send(const response& what) {
    answers alone;
    send(what, alone);
  }

  std::shared_ptr<outlet> out;
  connection_id connection;
  httplib::Request request;
  answer_form form;
  std::string raw;
  time_point arrived;
  held share;
  captures captured;
  std::shared_ptr<const known_key> key;
  bool answered = false;
};

answers::~answers() {
  for (auto& [out, all] : gathered_) out->answer(std::move(all));
}

void answers::add(const std::shared_ptr<outlet>& out, answered given) {
  auto found = std::find_if(gathered_.begin(), gathered_.end(), [&](const auto& each) { return each.first == out; });
  if (found == gathered_.end()) found = gathered_.insert(found, {out, {}});
  found->second.push_back(std::move(given));
}

exchange::exchange(std::shared_ptr<outlet> out, connection_id connection, httplib::Request request, answer_form form,
                   std::string raw, time_point arrived, held share)
    : state_{std::make_shared<state>(std::move(out), connection, std::move(request), form, std::move(raw), arrived,
                                     std::move(share))} {}

const httplib::Request& exchange::request() const { return state_->request; }

std::string& exchange::body() { return state_->request.body; }

std::string_view exchange::capture(std::string_view name) const {
  for (const auto& [key, value] : state_->captured)
    if (key == name) return value;
  return {};
}

std::string exchange::param(const char* name) const { return state_->request.get_param_value(name); }

const std::string& exchange::raw() const { return state_->raw; }

connection_id exchange::connection() const { return state_->connection; }

exchange::time_point exchange::arrived() const { return state_->arrived; }

void exchange::answer(const response& what) { state_->send(what); }

void exchange::answer(const response& what, answers& with) { state_->send(what, with); }

void exchange::tunnel(int32_t fd, std::string first_bytes) {
  state_->answered = true;
  state_->out->tunnel(state_->connection, fd, std::move(first_bytes));
}

bool exchange::answered() const { return state_->answered; }

void exchange::set_captures(captures found) { state_->captured = std::move(found); }

const std::shared_ptr<const known_key>& exchange::key() const { return state_->key; }

void exchange::set_key(std::shared_ptr<const known_key> key) { state_->key = std::move(key); }

void exchange::release() { state_->answered = true; }

} // namespace agentmon
