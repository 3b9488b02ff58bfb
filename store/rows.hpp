#pragma once
#include "store/binary.hpp"

#include <libpq-fe.h>

#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace agentmon::store {

template <class T>
constexpr bool is_optional = false;
template <class T>
constexpr bool is_optional<std::optional<T>> = true;

/// The answer to one statement, in binary format. Views that it gives live as long as it does.
class rows {
public:
  explicit rows(PGresult* result = nullptr) : result_{result} {}

  int size() const { return PQntuples(result_.get()); }
  bool empty() const { return size() == 0; }

  /// How many rows an INSERT, UPDATE or DELETE touched.
  int64_t affected() const { return std::atoll(PQcmdTuples(result_.get())); }

  bool is_null(int row, int column) const { return PQgetisnull(result_.get(), row, column) == 1; }

  /// One value; what is NULL is nothing for a std::optional, else the type's empty value. The type must be the
  /// column's: int64_t for bigint, timestamp for timestamptz, ...
  template <class T>
  T get(int row, int column) const {
    if constexpr (is_optional<T>) {
      if (is_null(row, column)) return std::nullopt;
      return get<typename T::value_type>(row, column);
    } else {
      if (is_null(row, column)) return T{};
      return binary::format<T>::read(raw(row, column));
    }
  }

private:
  std::string_view raw(int row, int column) const {
    return {PQgetvalue(result_.get(), row, column), static_cast<size_t>(PQgetlength(result_.get(), row, column))};
  }
  struct clearer {
    void operator()(PGresult* result) const noexcept { PQclear(result); }
  };
  std::unique_ptr<PGresult, clearer> result_;
};

/// Reads one row from left to right.
class row_reader {
public:
  row_reader(const rows& from, int row) : rows_{from}, row_{row} {}
  template <class T>
  T next() {
    return rows_.get<T>(row_, column_++);
  }

private:
  const rows& rows_;
  int row_;
  int column_ = 0;
};

} // namespace agentmon::store
