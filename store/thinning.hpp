#pragma once
#include "store/connection.hpp"

#include <optional>
#include <string>

namespace agentmon::store {

/// Which samples of machines stay as they grow old (limits::samples_whole and those beside it): young ones all of them,
/// then one a step. What is marked, and of each machine and day the first one and the first that tells an uptime, stays
/// until its day is dropped.
class thinning {
public:
  explicit thinning(timestamp now);

  /// The beginning of the step that this time belongs to; nothing for a time from which all samples stay.
  std::optional<timestamp> step_of(timestamp) const;

  timestamp whole_from; ///< younger ones all stay; both are whole hours, so that they cut no step
  timestamp close_from; ///< before it the steps are wide
};

/// How far it has come: through the machines by name, and through one from its oldest sample on.
struct thinning_place {
  std::string vm = {};
  timestamp from = {};
};

struct thinned {
  uint64_t removed = 0;
  std::optional<thinning_place> next; ///< nothing: that was all
};

/// Removes what is too much in one slice of at most about limits::thinning_rows samples. To be done again and again: a
/// sample may come late.
result<thinned> thin_samples(connection&, const thinning_place&, timestamp now);

} // namespace agentmon::store
