#pragma once
#include "protocol/limits.hpp"

/// Bounds of what moves stored data: apart from the others, which nearly everything is built with.
namespace agentmon::limits {

constexpr size_t export_rows = 5'000;         // read in one statement: some 20 ms
constexpr size_t import_batch_events = 5'000; // one POST of import: 3 MB, so that many share its sync
constexpr auto backup_look = 100ms;           // between two looks at the journal: it keeps a segment for longer
constexpr size_t copy_bytes = 1 * MiB;        // of a file, copied at once

} // namespace agentmon::limits
