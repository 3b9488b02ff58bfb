#include "commands/demo/tokens.hpp"

#include "commands/demo/json_object.hpp"

#include <cmath>

namespace agentmon::demo {

token_use& token_use::operator+=(const token_use& other) {
  input += other.input;
  output += other.output;
  cache_read += other.cache_read;
  cache_write += other.cache_write;
  reasoning += other.reasoning;
  cost += other.cost;
  return *this;
}

token_use tokens_of(const language_model& model, double context, double output, bool is_cached, dice& chance) {
  token_use used;
  used.input = std::floor(context);
  used.output = std::max(1.0, std::floor(output));
  used.cache_read = is_cached ? std::floor(used.input * chance.between(0.86, 0.98)) : 0;
  const auto fresh = used.input - used.cache_read;
  if (model.cache_write > 0)
    used.cache_write = std::floor(fresh * 0.9);
  else
    used.reasoning = std::floor(used.output * chance.between(0.1, 0.6));
  constexpr double per_million = 1e-6;
  used.cost = per_million
              * ((fresh - used.cache_write) * model.input + used.cache_write * model.cache_write
                 + used.cache_read * model.cache_read + used.output * model.output);
  return used;
}

std::string to_json(const token_use& used, std::string_view model) {
  constexpr int digits_of_cost = 6;
  json_object usage;
  usage.text("model", model)
      .whole("input_tokens", std::llround(used.input))
      .whole("output_tokens", std::llround(used.output))
      .whole("cache_read_tokens", std::llround(used.cache_read));
  if (used.cache_write > 0) usage.whole("cache_write_tokens", std::llround(used.cache_write));
  if (used.reasoning > 0) usage.whole("reasoning_tokens", std::llround(used.reasoning));
  return usage.number("cost_usd", used.cost, digits_of_cost).done();
}

} // namespace agentmon::demo
