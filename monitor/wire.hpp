#pragma once
#include <chrono>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

/// Values as bytes, from one process of this very program to another one. A structure takes part by a function
/// `fields` that gives std::tie of its members.
namespace agentmon::monitor {

template <class T, class Is>
concept maybe_const = std::same_as<std::remove_const_t<T>, Is>;

template <class T>
concept plain = std::is_arithmetic_v<T> || std::is_enum_v<T>;

class packer {
public:
  template <class T>
  requires plain<T>
  void put(T value) { bytes_.append(reinterpret_cast<const char*>(&value), sizeof value); }

  void put(const std::string& text) {
    put(text.size());
    bytes_ += text;
  }

  void put(std::chrono::steady_clock::time_point at) { put(at.time_since_epoch().count()); }

  template <class T>
  void put(const std::optional<T>& it) {
    put(it.has_value());
    if (it) put(*it);
  }

  template <class T>
  void put(const std::vector<T>& list) {
    put(list.size());
    for (const auto& each : list) put(each);
  }

  template <class T>
  requires requires(const T& it) { fields(it); }
  void put(const T& it) {
    std::apply([this](const auto&... each) { (this->put(each), ...); }, fields(it));
  }

  std::string take() { return std::move(bytes_); }

private:
  std::string bytes_;
};

/// Reads what a packer wrote. What is cut short or too long for its bytes leaves good() false.
class unpacker {
public:
  explicit unpacker(std::string_view bytes) : bytes_{bytes} {}

  bool good() const { return good_; }

  template <class T>
  requires plain<T>
  void get(T& value) {
    if (const auto part = cut(sizeof value); good_) std::memcpy(&value, part.data(), sizeof value);
  }

  void get(bool& value) {
    uint8_t byte = 0;
    get(byte);
    value = byte != 0;
  }

  void get(std::string& text) {
    size_t size = 0;
    get(size);
    text = cut(size);
  }

  void get(std::chrono::steady_clock::time_point& at) {
    std::chrono::steady_clock::rep count = 0;
    get(count);
    at = std::chrono::steady_clock::time_point{std::chrono::steady_clock::duration{count}};
  }

  template <class T>
  void get(std::optional<T>& it) {
    bool there = false;
    get(there);
    if (there) get(it.emplace());
  }

  template <class T>
  void get(std::vector<T>& list) {
    size_t size = 0;
    get(size);
    while (good_ && list.size() < size) get(list.emplace_back());
  }

  template <class T>
  requires requires(T& it) { fields(it); }
  void get(T& it) {
    std::apply([this](auto&... each) { (this->get(each), ...); }, fields(it));
  }

private:
  std::string_view cut(size_t size) {
    good_ = good_ && size <= bytes_.size();
    if (!good_) return {};
    const auto part = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return part;
  }

  std::string_view bytes_;
  bool good_ = true;
};

} // namespace agentmon::monitor
