#pragma once
#include "protocol/fold.hpp"
#include "store/stored_events.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

/// The spans of a run, folded from its events when it is shown.
namespace agentmon::store {

/// A span and what its page shows beside the figures: JSON text that points into the rows.
struct span_page {
  span_state state;
  std::string_view input;
  std::string_view output;
  std::string_view error;
  std::string_view attributes;
};

/// Whether the event says something about its span; others only happened in it.
bool is_span_event(const stored_event&);

/// Folds the events of spans, some together, which is cheaper than one by one. The rows must outlive it.
class span_reader {
public:
  void add(stored_event);

  /// In the order in which they first appear.
  const std::vector<span_page>& spans();

private:
  span_page& span_of(std::string_view span_id);
  bool fold_all(const std::string& envelopes);
  void fold_waiting();

  std::map<std::string, size_t, std::less<>> places_;
  std::vector<span_page> spans_;
  std::vector<std::string> waiting_;
};

} // namespace agentmon::store
