#pragma once
#include "store/connection.hpp"
#include "store/writing.hpp"

#include <filesystem>
#include <string>
#include <sys/types.h>

namespace agentmon::test {

/// A PostgreSQL server of its own in a temporary folder, reached by a Unix socket in it; gone with the object.
class postgres_server {
public:
  /// `durable`: with fsync, for measuring; tests do without.
  explicit postgres_server(bool durable = false);
  ~postgres_server();
  postgres_server(const postgres_server&) = delete;
  postgres_server& operator=(const postgres_server&) = delete;

  void start();
  void stop();
  std::string conninfo(const std::string& database) const;

  /// Makes an empty database with the schema in it.
  void create(const std::string& database);

private:
  std::filesystem::path folder_;
  std::filesystem::path programs_;
  bool durable_;
  pid_t process_ = -1;
  bool has_template_ = false;
};

/// The server that the tests of this process share.
postgres_server& shared_server();

/// A new database with the schema in it; dropped with the object. Everything here throws when it cannot.
class database {
public:
  explicit database(postgres_server& = shared_server());
  ~database();
  database(const database&) = delete;
  database& operator=(const database&) = delete;

  const std::string& conninfo() const { return conninfo_; }
  store::connection connect() const;
  store::event_writer writer() const;

  /// The first column of the first row of a query, as text.
  std::string value(const std::string& query) const;

  /// Everything that is folded from events, as text that is the same when the tables are the same.
  std::string dump() const;

private:
  postgres_server& server_;
  std::string name_;
  std::string conninfo_;
};

/// The value of a result, or an exception with its message.
template <class T>
T must(result<T> from) {
  if (!from) throw std::runtime_error{from.error().message};
  if constexpr (!std::is_void_v<T>) return std::move(*from);
}

} // namespace agentmon::test
