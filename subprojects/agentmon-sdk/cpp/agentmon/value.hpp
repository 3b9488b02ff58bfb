#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace agentmon::sdk {

class value;
using member = std::pair<std::string, value>;
using array = std::vector<value>;
/// Keys in the order in which they are written; `object{{"input_tokens", 12}, {"model", "small"}}`.
using object = std::vector<member>;

/// What JSON can hold.
class value {
public:
  using any = std::variant<std::nullptr_t, bool, std::int64_t, double, std::string, array, object>;

  value(std::nullptr_t = nullptr) {}
  value(bool of) : held(of) {}
  template <std::integral Number>
  requires(!std::same_as<Number, bool>) value(Number of) : held(static_cast<std::int64_t>(of)) {}
  value(double of) : held(of) {}
  value(std::string of) : held(std::move(of)) {}
  value(std::string_view of) : held(std::string(of)) {}
  value(const char* of) : held(std::string(of)) {}
  value(array of) : held(std::move(of)) {}
  value(object of) : held(std::move(of)) {}

  bool is_null() const { return std::holds_alternative<std::nullptr_t>(held); }

  any held;
};

} // namespace agentmon::sdk
