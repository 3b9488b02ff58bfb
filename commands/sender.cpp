#include "commands/sender.hpp"

namespace agentmon {

result<void> sender::add(std::string_view json, size_t line) {
  if (!lines_.empty() && batch_.size() + json.size() + 2 > limits::emit_batch_bytes) {
    if (auto sent = flush(); !sent) return sent;
  }
  if (lines_.empty()) since_ = std::chrono::steady_clock::now();
  batch_ += lines_.empty() ? '[' : ',';
  batch_ += json;
  lines_.push_back(line);
  return lines_.size() < most_ ? result<void>{} : flush();
}

void sender::refuse(size_t line, const rejection& why) {
  ++totals_.rejected;
  tell_(line, why);
}

result<void> sender::flush() {
  if (lines_.empty()) return {};
  auto answer = client_.post(batch_ + ']');
  if (!answer) return tl::unexpected{std::move(answer.error())};
  totals_.accepted += answer->accepted;
  for (const auto& each : answer->rejected) refuse(each.index < lines_.size() ? lines_[each.index] : 0, each);
  batch_.clear();
  lines_.clear();
  return {};
}

std::chrono::milliseconds sender::waiting() const {
  if (lines_.empty()) return std::chrono::milliseconds{0};
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - since_);
}

} // namespace agentmon
