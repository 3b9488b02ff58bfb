#pragma once
#include "protocol/time.hpp"
#include "protocol/uuid.hpp"

#include <bit>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

/// PostgreSQL's binary format of the column types that agentmon uses: network byte order, times from 2000-01-01.
namespace agentmon::store::binary {

/// The text of a jsonb value; told apart from plain text by its type.
struct json {
  std::string_view text;
};

/// A bytea value.
struct bytes {
  std::string_view data;
};

using day = std::chrono::sys_days;

/// Big-endian, as wide as the type.
template <class Integer>
void append_integer(std::string& to, Integer value) {
  auto bits = static_cast<std::make_unsigned_t<Integer>>(value);
  char out[sizeof bits];
  for (size_t i = sizeof bits; i-- > 0; bits = static_cast<decltype(bits)>(bits >> 7 >> 1))
    out[i] = static_cast<char>(bits & 0xff);
  to.append(out, sizeof out);
}

template <class Integer>
Integer read_integer(std::string_view from) {
  std::make_unsigned_t<Integer> bits = 0;
  for (size_t i = 0; i < sizeof bits && i < from.size(); ++i)
    bits = static_cast<decltype(bits)>((bits << 7 << 1) | static_cast<unsigned char>(from[i]));
  return static_cast<Integer>(bits);
}

constexpr timestamp epoch = std::chrono::sys_days{std::chrono::year{2000} / 1 / 1};

/// What a C++ type is in PostgreSQL: its type and array type by object id, how it is written and read.
template <class T>
struct format;

template <>
struct format<int32_t> {
  static constexpr unsigned type = 23, array_type = 1007;
  static void append(std::string& to, int32_t value) { append_integer(to, value); }
  static int32_t read(std::string_view from) { return read_integer<int32_t>(from); }
};

template <>
struct format<int64_t> {
  static constexpr unsigned type = 20, array_type = 1016;
  static void append(std::string& to, int64_t value) { append_integer(to, value); }
  static int64_t read(std::string_view from) { return read_integer<int64_t>(from); }
};

template <>
struct format<double> {
  static constexpr unsigned type = 701, array_type = 1022;
  static void append(std::string& to, double value) { append_integer(to, std::bit_cast<int64_t>(value)); }
  static double read(std::string_view from) { return std::bit_cast<double>(read_integer<int64_t>(from)); }
};

template <>
struct format<std::string_view> {
  static constexpr unsigned type = 25, array_type = 1009;
  static void append(std::string& to, std::string_view value) { to.append(value); }
  static std::string_view read(std::string_view from) { return from; }
};

template <>
struct format<std::string> : format<std::string_view> {
  static std::string read(std::string_view from) { return std::string{from}; }
};

template <>
struct format<timestamp> {
  static constexpr unsigned type = 1184, array_type = 1185;
  static void append(std::string& to, timestamp value) { append_integer<int64_t>(to, (value - epoch).count()); }
  static timestamp read(std::string_view from) {
    return epoch + std::chrono::microseconds{read_integer<int64_t>(from)};
  }
};

template <>
struct format<day> {
  static constexpr unsigned type = 1082, array_type = 1182;
  static void append(std::string& to, day value) {
    append_integer(to, static_cast<int32_t>((value - std::chrono::floor<std::chrono::days>(epoch)).count()));
  }
  static day read(std::string_view from) {
    return std::chrono::floor<std::chrono::days>(epoch) + std::chrono::days{read_integer<int32_t>(from)};
  }
};

template <>
struct format<uuid> {
  static constexpr unsigned type = 2950, array_type = 2951;
  static void append(std::string& to, const uuid& value) {
    to.append(reinterpret_cast<const char*>(value.bytes.data()), value.bytes.size());
  }
  static uuid read(std::string_view from) {
    uuid id;
    std::memcpy(id.bytes.data(), from.data(), std::min(from.size(), id.bytes.size()));
    return id;
  }
};

template <>
struct format<json> {
  static constexpr unsigned type = 3802, array_type = 3807;
  static constexpr char version = 1; // the only one there is; goes before the text
  static void append(std::string& to, json value) {
    to += version;
    to.append(value.text);
  }
  static json read(std::string_view from) { return {from.empty() ? from : from.substr(1)}; }
};

template <>
struct format<bytes> {
  static constexpr unsigned type = 17, array_type = 1001;
  static void append(std::string& to, bytes value) { to.append(value.data); }
  static bytes read(std::string_view from) { return {from}; }
};

/// A value behind its length, as fields of COPY and elements of arrays are written.
template <class T>
void append_field(std::string& to, const T& value) {
  const auto at = to.size();
  append_integer<int32_t>(to, 0);
  format<T>::append(to, value);
  const auto length = static_cast<uint32_t>(to.size() - at - sizeof(int32_t));
  for (size_t i = 0; i < sizeof length; ++i) to[at + i] = static_cast<char>(length >> (24 - 8 * i));
}

inline void append_null(std::string& to) { append_integer<int32_t>(to, -1); }

} // namespace agentmon::store::binary
