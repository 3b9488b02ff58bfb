#pragma once
#include "store/ledger.hpp"
#include "store/verify.hpp"

namespace agentmon::store {

/// Counts a difference and keeps the first few in words.
void note(verify_report&, const std::string& table, std::string example);

// Each compares one part of what is stored with what is right, and counts what it compared.
result<void> compare_sessions(connection&, const ledger& right, verify_report&);
result<void> compare_runs(connection&, const ledger& right, verify_report&);
result<void> compare_rollups(connection&, const ledger& right, verify_report&);
result<void> compare_machines(connection&, const ledger& right, timestamp now, verify_report&);

} // namespace agentmon::store
