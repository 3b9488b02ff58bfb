#include "protocol/json_writer.hpp"

namespace agentmon {

std::string dollars(int64_t nano_usd) {
  constexpr int64_t nano = 1'000'000'000;
  const auto size = nano_usd < 0 ? -nano_usd : nano_usd;
  auto text = (nano_usd < 0 ? "-" : "") + std::to_string(size / nano);
  auto fraction = std::to_string(size % nano);
  fraction.insert(0, 9 - fraction.size(), '0');
  fraction.erase(fraction.find_last_not_of('0') + 1);
  return fraction.empty() ? text : text + '.' + fraction;
}

json_writer& json_writer::usage_member(const usage& used) {
  key("usage").begin_object();
  member("input_tokens", used.input_tokens);
  member("output_tokens", used.output_tokens);
  member("cache_read_tokens", used.cache_read_tokens);
  member("cache_write_tokens", used.cache_write_tokens);
  member("reasoning_tokens", used.reasoning_tokens);
  raw_member("cost_usd", used.cost_nano_usd ? dollars(*used.cost_nano_usd) : "");
  return end_object();
}

} // namespace agentmon
