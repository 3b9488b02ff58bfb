#pragma once
#include <cstdint>
#include <optional>

namespace agentmon {

/// Tokens and cost as an agent reported them. Absent is absent, never 0. input_tokens includes cached tokens
/// (OpenTelemetry's rule). Cost is in whole nano-dollars, so that sums do not depend on their order.
struct usage {
  std::optional<int64_t> input_tokens;
  std::optional<int64_t> output_tokens;
  std::optional<int64_t> cache_read_tokens;
  std::optional<int64_t> cache_write_tokens;
  std::optional<int64_t> reasoning_tokens;
  std::optional<int64_t> cost_nano_usd;
  bool operator==(const usage&) const = default;
};

/// Calls f(member pointer, name) for each field, in column order; `name` is the column's and, but for cost, JSON's key.
template <class F>
constexpr void for_each_usage_field(F&& f) {
  f(&usage::input_tokens, "input_tokens");
  f(&usage::output_tokens, "output_tokens");
  f(&usage::cache_read_tokens, "cache_read_tokens");
  f(&usage::cache_write_tokens, "cache_write_tokens");
  f(&usage::reasoning_tokens, "reasoning_tokens");
  f(&usage::cost_nano_usd, "cost_nano_usd");
}

/// Adds field by field; what is absent on both sides stays absent.
inline usage& operator+=(usage& a, const usage& b) {
  for_each_usage_field([&](auto field, const char*) {
    if (b.*field) a.*field = (a.*field).value_or(0) + *(b.*field);
  });
  return a;
}

/// The first, with its absent fields taken from the second.
inline usage or_else(usage a, const usage& b) {
  for_each_usage_field([&](auto field, const char*) {
    if (!(a.*field)) a.*field = b.*field;
  });
  return a;
}

} // namespace agentmon
