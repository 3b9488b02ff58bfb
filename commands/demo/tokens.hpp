#pragma once
#include "commands/demo/dice.hpp"
#include "commands/demo/model.hpp"

#include <string>
#include <string_view>

namespace agentmon::demo {

/// Tokens of one model call, or the sum over several. Whole numbers, but for the cost in dollars.
struct token_use {
  double input = 0; ///< with the cached ones
  double output = 0;
  double cache_read = 0;
  double cache_write = 0;
  double reasoning = 0;
  double cost = 0;
  token_use& operator+=(const token_use&);
};

/// One call that reads `context` tokens and says about `output` ones; most of the context is cached after the first.
token_use tokens_of(const language_model&, double context, double output, bool is_cached, dice&);

/// The value of payload.usage.
std::string to_json(const token_use&, std::string_view model);

} // namespace agentmon::demo
