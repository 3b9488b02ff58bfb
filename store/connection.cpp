#include "store/connection.hpp"

#include "protocol/limits.hpp"

#include <array>
#include <poll.h>

namespace agentmon::store {
namespace {

std::string trimmed(const char* text) {
  std::string out = text == nullptr ? "" : text;
  while (!out.empty() && (out.back() == '\n' || out.back() == ' ')) out.pop_back();
  return out;
}

/// Why libpq could not connect, without its own question whether the server runs, with which our message ends.
std::string reason_of(const char* text) {
  auto reason = trimmed(text);
  const auto hint = reason.find("\n\tIs the server running");
  if (hint != std::string::npos) reason.erase(hint, reason.find('\n', hint + 1) - hint);
  return reason;
}

/// SQLSTATE to what a caller can do about it. Only what lies in the data itself is `invalid`: a writer gives such
/// events up.
fault fault_of(std::string_view state) {
  if (state == "23505") return fault::duplicate;
  if (state == "57014" || state == "55P03") return fault::timeout;
  if (state == "XX001" || state == "XX002") return fault::corrupt;
  const auto group = state.substr(0, 2);
  if (group == "53") return fault::overload;
  if (group == "22" || group == "23" || group == "54") return fault::invalid;
  return fault::unavailable;
}

std::string advice(std::string_view state, fault code) {
  if (state.substr(0, 2) == "42" || state.substr(0, 2) == "3F")
    return "; is the schema there (agentmon migrates it at start), and may this user use it?";
  switch (code) {
  case fault::overload: return "; make room for PostgreSQL (disk, memory or connections), then it goes on by itself";
  case fault::timeout: return "; ask for less, or look at what keeps PostgreSQL busy";
  default: return "";
  }
}

/// Pointers into `parameters`, as libpq wants them.
struct bound {
  explicit bound(const parameters& from) : formats(from.size(), 1) {
    for (const auto& value : from.values()) {
      values.push_back(value ? value->data() : nullptr);
      lengths.push_back(value ? static_cast<int>(value->size()) : 0);
    }
  }
  int count() const { return static_cast<int>(values.size()); }
  std::vector<const char*> values;
  std::vector<int> lengths;
  std::vector<int> formats;
};

constexpr int binary_format = 1;

} // namespace

std::string connection::where() const {
  const auto word = [](const char* text) { return std::string{text == nullptr ? "" : text}; };
  const auto host = word(PQhost(handle_.get()));
  return (host.empty() ? "its default address" : host + ':' + word(PQport(handle_.get()))) + ", database "
         + word(PQdb(handle_.get()));
}

failure connection::last_failure(const PGresult* answer) const {
  if (!alive()) {
    const auto message = trimmed(PQerrorMessage(handle_.get()));
    return {fault::unavailable, "PostgreSQL at " + where() + " ended the connection: " + message};
  }
  const auto* const state = answer == nullptr ? nullptr : PQresultErrorField(answer, PG_DIAG_SQLSTATE);
  if (state == nullptr)
    return {fault::unavailable, "PostgreSQL at " + where() + ": " + trimmed(PQerrorMessage(handle_.get()))};
  const auto code = fault_of(state);
  auto message = "PostgreSQL: " + trimmed(PQresultErrorField(answer, PG_DIAG_MESSAGE_PRIMARY));
  if (const auto detail = trimmed(PQresultErrorField(answer, PG_DIAG_MESSAGE_DETAIL)); !detail.empty())
    message += " (" + detail + ')';
  return {code, message + " [" + state + ']' + advice(state, code)};
}

/// libpq itself would wait for ever for a server that is frozen: its system keeps the connection open.
bool connection::wait_for_answer(std::chrono::steady_clock::time_point deadline) noexcept {
  while (PQisBusy(handle_.get()) == 1) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd readable{PQsocket(handle_.get()), POLLIN, 0};
    const auto seen = left.count() > 0 ? ::poll(&readable, 1, static_cast<int>(left.count())) : 0;
    if (seen == 0) silent_ = true;
    if (silent_ || (seen > 0 && PQconsumeInput(handle_.get()) != 1)) return false;
  }
  return true;
}

result<rows> connection::receive(int sent, std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  rows last;
  PGresult* answer = nullptr; // the same, for libpq
  while (sent == 1 && PQresultStatus(answer) != PGRES_COPY_IN) {
    if (!wait_for_answer(deadline)) break;
    auto* const next = PQgetResult(handle_.get());
    if (next == nullptr) break;
    last = rows{answer = next};
  }
  if (silent_)
    return fail(fault::unavailable, "PostgreSQL at " + where()
                                        + " keeps its connection open but does not answer; see whether its process or "
                                          "its disk hangs");
  switch (PQresultStatus(answer)) {
  case PGRES_COMMAND_OK:
  case PGRES_TUPLES_OK:
  case PGRES_EMPTY_QUERY:
  case PGRES_COPY_IN:
  case PGRES_PIPELINE_SYNC: return last;
  default: return tl::unexpected{last_failure(answer)};
  }
}

result<void> connection::exec(const std::string& sql) {
  return receive(PQsendQuery(handle_.get(), sql.c_str()), patience_).map([](const rows&) {});
}

result<void> connection::ask_whether_it_is_there() {
  return receive(PQsendQuery(handle_.get(), ""), limits::store_silence).map([](const rows&) {});
}

bool connection::alive() const noexcept {
  if (silent_ || PQstatus(handle_.get()) != CONNECTION_OK) return false;
  // libpq looks at the socket only when it is asked something; a server that went away meanwhile is seen here.
  pollfd socket{PQsocket(handle_.get()), POLLRDHUP, 0};
  return ::poll(&socket, 1, 0) == 0;
}

result<rows> connection::exec(const std::string& sql, const parameters& with) {
  const bound b{with};
  return receive(PQsendQueryParams(handle_.get(), sql.c_str(), b.count(), with.types().data(), b.values.data(),
                                   b.lengths.data(), b.formats.data(), binary_format),
                 patience_);
}

int connection::send_prepare(const std::string& name, const std::string& sql, const parameters& with) {
  return PQsendPrepare(handle_.get(), name.c_str(), sql.c_str(), static_cast<int>(with.size()), with.types().data());
}

int connection::send_prepared(const std::string& name, const parameters& with) {
  const bound b{with};
  return PQsendQueryPrepared(handle_.get(), name.c_str(), b.count(), b.values.data(), b.lengths.data(),
                             b.formats.data(), binary_format);
}

std::string connection::next_name() { return "agentmon_" + std::to_string(++names_given_); }

result<rows> connection::exec_prepared(const std::string& sql, const parameters& with) {
  auto name = prepared_.find(sql);
  if (name == prepared_.end()) {
    const auto fresh = next_name();
    auto done = receive(send_prepare(fresh, sql, with), patience_);
    if (!done) return done;
    name = prepared_.emplace(sql, fresh).first;
  }
  return receive(send_prepared(name->second, with), patience_);
}

result<std::vector<rows>> connection::pipeline(const std::function<void(const statement_queue&)>& produce) {
  struct queued {
    const std::string* prepares = nullptr; ///< the SQL text that it prepares, or a statement that runs
    int sent = 0;
  };
  std::vector<queued> all;
  PQenterPipelineMode(handle_.get());
  produce([&](const std::string& sql, const parameters& with) {
    auto name = prepared_.find(sql);
    if (name == prepared_.end()) {
      name = prepared_.emplace(sql, next_name()).first;
      all.push_back({&name->first, send_prepare(name->second, sql, with)});
    }
    all.push_back({nullptr, send_prepared(name->second, with)});
    PQflush(handle_.get());
  });
  const int synced = PQpipelineSync(handle_.get());
  std::vector<rows> answers;
  std::optional<failure> first;
  for (const auto& each : all) {
    auto answer = receive(each.sent, patience_);
    if (!answer && each.prepares != nullptr) prepared_.erase(prepared_.find(*each.prepares));
    if (!answer && !first) first = std::move(answer.error());
    if (answer && each.prepares == nullptr) answers.push_back(std::move(*answer));
    if (first && !alive()) return tl::unexpected{std::move(*first)}; // nothing more comes
  }
  auto end = receive(synced, patience_);
  if (PQexitPipelineMode(handle_.get()) != 1) handle_.reset(); // it could never be asked anything else: not alive()
  if (first) return tl::unexpected{std::move(*first)};
  return std::move(end).map([&](const rows&) { return std::move(answers); });
}

result<void> connection::copy_in(const std::string& sql, const std::function<void(const copy_piece&)>& produce) {
  if (auto begun = exec(sql); !begun) return begun;
  bool sent = true;
  produce([&](std::string_view piece) {
    sent = sent && PQputCopyData(handle_.get(), piece.data(), static_cast<int>(piece.size())) == 1;
    return sent;
  });
  return receive(PQputCopyEnd(handle_.get(), nullptr), patience_).map([](const rows&) {});
}

void connection::roll_back() noexcept {
  if (alive() && PQtransactionStatus(handle_.get()) != PQTRANS_IDLE) static_cast<void>(exec("ROLLBACK"));
}

result<connection> connect(const std::string& conninfo, std::chrono::milliseconds statement_timeout) {
  // What comes later wins: the user's own words in conninfo over our defaults.
  const auto timeout = std::to_string(limits::store_connect_timeout.count());
  const std::array<const char*, 9> keys{"application_name",    "connect_timeout",  "keepalives_idle",
                                        "keepalives_interval", "keepalives_count", "tcp_user_timeout",
                                        "client_encoding",     "dbname",           nullptr};
  const std::array<const char*, 9> values{"agentmon", timeout.c_str(),  "30",   "10", "3", "30000",
                                          "UTF8",     conninfo.c_str(), nullptr};
  connection fresh{PQconnectdbParams(keys.data(), values.data(), 1), statement_timeout + limits::store_silence};
  if (!fresh.alive())
    return fail(fault::unavailable, "PostgreSQL at " + fresh.where()
                                        + " cannot be reached: " + reason_of(PQerrorMessage(fresh.handle_.get()))
                                        + "; is it running, and is DATABASE_URL right?");
  // Notices would go to standard error, around our log.
  PQsetNoticeProcessor(
      fresh.handle_.get(), [](void*, const char*) {}, nullptr);
  const auto ready = fresh.exec("SET statement_timeout = " + std::to_string(statement_timeout.count())
                                + "; SET TIME ZONE 'UTC'; SET jit = off; SET bytea_output = 'hex'");
  if (!ready) return tl::unexpected{ready.error()};
  return fresh;
}

} // namespace agentmon::store
