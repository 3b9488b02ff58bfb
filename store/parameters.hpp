#pragma once
#include "store/binary.hpp"

#include <libpq-fe.h>

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace agentmon::store {

/// The values of one column for several rows: an array parameter, taken apart again by unnest().
class column {
public:
  template <class T>
  void push(const T& value) {
    see<T>();
    binary::append_field(fields_, value);
  }
  template <class T>
  void push(const std::optional<T>& value) {
    if (value) return push(*value);
    see<T>();
    has_null_ = true;
    binary::append_null(fields_);
  }
  int32_t size() const { return size_; }

private:
  friend class parameters;
  template <class T>
  void see() {
    type_ = binary::format<T>::type;
    array_type_ = binary::format<T>::array_type;
    ++size_;
  }
  std::string text() const;

  Oid type_ = 0;
  Oid array_type_ = 0;
  int32_t size_ = 0;
  bool has_null_ = false;
  std::string fields_;
};

/// The parameters $1, $2, ... of one statement, each with its type, so that the SQL needs no casts.
class parameters {
public:
  parameters() = default;
  template <class... Values>
  requires(sizeof...(Values) > 0
           && !(std::same_as<Values, parameters> || ...)) explicit parameters(const Values&... values) {
    (add(values), ...);
  }

  template <class T>
  parameters& add(const T& value) {
    std::string text;
    binary::format<T>::append(text, value);
    return add(binary::format<T>::type, std::move(text));
  }
  template <class T>
  parameters& add(const std::optional<T>& value) {
    return value ? add(*value) : add(binary::format<T>::type, std::nullopt);
  }
  parameters& add(const column& array) { return add(array.array_type_, array.text()); }

  size_t size() const { return values_.size(); }
  const std::vector<Oid>& types() const { return types_; }
  const std::vector<std::optional<std::string>>& values() const { return values_; }

private:
  parameters& add(Oid type, std::optional<std::string> text) {
    types_.push_back(type);
    values_.push_back(std::move(text));
    return *this;
  }

  std::vector<Oid> types_;
  std::vector<std::optional<std::string>> values_; ///< in binary format; nothing: NULL
};

/// Several columns of the same length, filled row by row.
class column_set {
public:
  explicit column_set(size_t width) : columns_(width) {}

  /// One row, left to right.
  template <class... Values>
  void row(const Values&... values) {
    size_t at = 0;
    (columns_[at++].push(values), ...);
  }

  column& operator[](size_t index) { return columns_[index]; }
  bool empty() const { return columns_.front().size() == 0; }
  parameters as_parameters() const {
    parameters all;
    for (const auto& c : columns_) all.add(c);
    return all;
  }

private:
  std::vector<column> columns_;
};

} // namespace agentmon::store
