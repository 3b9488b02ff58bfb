#include "actors/live.hpp"

#include "protocol/limits.hpp"

#include <algorithm>

namespace agentmon {

bool wants(const live_filter& filter, const live_item& item) {
  if (!filter.session_id.empty() && filter.session_id != item.session_id) return false;
  if (!filter.framework.empty() && filter.framework != item.framework) return false;
  const auto& type = item.kind == "events" ? item.type : item.kind;
  return filter.types.empty() || std::find(filter.types.begin(), filter.types.end(), type) != filter.types.end();
}

size_t live_history::add(std::vector<live_item> items) {
  size_t added = 0, bytes = 0;
  std::vector<live_item> part;
  for (auto& item : items) {
    if (item.kind == "events" && !known_.insert(item.id).second) continue;
    if (!part.empty() && bytes + item.json.size() > limits::frame_bytes) {
      push(std::exchange(part, {}), std::exchange(bytes, 0));
      ++added;
    }
    bytes += item.json.size();
    part.push_back(std::move(item));
  }
  if (!part.empty()) {
    push(std::move(part), bytes);
    ++added;
  }
  while (frames_.size() > added && bytes_ > limits::resume_bytes) forget_oldest();
  return added;
}

void live_history::forget_oldest() {
  const auto& oldest = frames_.front();
  for (const auto& item : oldest.items)
    if (item.kind == "events") known_.erase(item.id);
  bytes_ -= oldest.bytes;
  frames_.pop_front();
}

void live_history::lose() {
  while (!frames_.empty()) forget_oldest();
  ++next_;
}

void live_history::push(std::vector<live_item> items, size_t bytes) {
  bytes_ += bytes;
  frames_.push_back({next_++, bytes, std::move(items)});
}

bool live_history::reaches_back_to(uint64_t sequence) const { return sequence <= last() && sequence + 1 >= first(); }

std::string render(const live_history::frame& frame, const live_filter& filter) {
  std::string text;
  for (const auto& item : frame.items) {
    if (!wants(filter, item)) continue;
    if (text.empty())
      text = "{\"seq\":" + std::to_string(frame.sequence) + ",\"" + item.kind + "\":[";
    else
      text += ',';
    text += item.json;
  }
  if (!text.empty()) text += "]}";
  return text;
}

} // namespace agentmon
