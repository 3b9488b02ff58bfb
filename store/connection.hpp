#pragma once
#include "protocol/failure.hpp"
#include "protocol/time.hpp"
#include "protocol/uuid.hpp"
#include "store/parameters.hpp"
#include "store/rows.hpp"

#include <libpq-fe.h>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace agentmon::store {

/// One connection to PostgreSQL, with its session set up for agentmon (UTC, UTF-8, a statement time-out). Movable; used
/// by one thread at a time. Every call may block for as long as the statement time-out; when the server has not
/// answered limits::store_silence later, it fails as unavailable and the connection is no longer alive(). Failures are
/// told by kind: unavailable (the server is away or refuses; connect again), timeout, overload (disk or memory of the
/// server is full), duplicate (a unique key exists), invalid (the data cannot be stored, and never will).
class connection {
public:
  /// Runs one or several statements for what they do, not for what they answer.
  result<void> exec(const std::string& sql);

  /// Runs one statement, planned for these parameters ($1, $2, ...).
  result<rows> exec(const std::string& sql, const parameters&);

  /// The same with a plan that is kept for the life of the connection: for statements that run with every transaction.
  result<rows> exec_prepared(const std::string& sql, const parameters&);

  /// Runs the statements that `produce` gives to its argument, as exec_prepared() does, but without a wait between them
  /// (libpq's pipeline mode): PostgreSQL works on one while the next is made. Their answers in their order, or the
  /// first failure, behind which nothing was run. Only inside of a transaction, which a failure ends.
  using statement_queue = std::function<void(const std::string& sql, const parameters&)>;
  result<std::vector<rows>> pipeline(const std::function<void(const statement_queue&)>& produce);

  /// Runs `COPY ... FROM STDIN (FORMAT binary)`; `produce` calls its argument with pieces of the stream until all is
  /// said. A failure of the server is told at the end.
  using copy_piece = std::function<bool(std::string_view)>;
  result<void> copy_in(const std::string& sql, const std::function<void(const copy_piece&)>& produce);

  /// Runs `body` between BEGIN and COMMIT (`begin` may name an isolation level); rolls back when it fails.
  template <class Body>
  auto transaction(Body&& body, const std::string& begin = "BEGIN") -> decltype(body()) {
    if (auto begun = exec(begin); !begun) return tl::unexpected{begun.error()};
    auto answer = body();
    if (!answer) {
      roll_back();
      return answer;
    }
    if (auto committed = exec("COMMIT"); !committed) {
      roll_back();
      return tl::unexpected{committed.error()};
    }
    return answer;
  }

  /// Leaves a transaction, if there is one. Never fails: a connection that cannot is no longer alive().
  void roll_back() noexcept;

  /// Whether the server answers at all, within limits::store_silence; outside of transactions only.
  result<void> ask_whether_it_is_there();

  /// False once the server or the network ended the connection; then connect() again.
  bool alive() const noexcept;

  /// "127.0.0.1:5432, database agentmon": for messages; never holds a password.
  std::string where() const;

private:
  friend result<connection> connect(const std::string&, std::chrono::milliseconds);
  struct closer {
    void operator()(PGconn* handle) const noexcept { PQfinish(handle); }
  };
  connection(PGconn* handle, std::chrono::milliseconds patience) : handle_{handle}, patience_{patience} {}
  bool wait_for_answer(std::chrono::steady_clock::time_point deadline) noexcept;
  result<rows> receive(int sent, std::chrono::milliseconds patience); ///< the last answer to what libpq took (1)
  failure last_failure(const PGresult*) const;
  std::string next_name();
  int send_prepare(const std::string& name, const std::string& sql, const parameters&);
  int send_prepared(const std::string& name, const parameters&);

  std::unique_ptr<PGconn, closer> handle_;
  std::chrono::milliseconds patience_;                       ///< with each answer
  bool silent_ = false;                                      ///< an answer did not come
  std::map<std::string, std::string, std::less<>> prepared_; ///< SQL text to statement name
  size_t names_given_ = 0;                                   ///< to prepared statements
};

/// Connects within limits::store_connect_timeout a host. `conninfo` is a URL or a keyword string as libpq takes it;
/// what it leaves out comes from libpq's environment variables.
result<connection> connect(const std::string& conninfo, std::chrono::milliseconds statement_timeout);

} // namespace agentmon::store
