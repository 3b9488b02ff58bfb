#pragma once
#include "store/connection.hpp"

#include <span>
#include <string_view>

namespace agentmon::store {

/// One numbered step of schema/, as it was when this binary was built.
struct migration {
  int version;
  std::string_view name;
  std::string_view sql;
};

/// All of them, in order, without gaps from 1.
std::span<const migration> migrations();

/// Brings the database to this binary's schema; gives how many steps it took (0: it was there already). Each step is
/// one transaction, so that a step either happened or did not. Safe from several processes at once. Fails when the
/// database is newer than this binary, or holds another text of a step than this binary knows.
result<int> migrate(connection&);

/// The same with other steps, for tests.
result<int> migrate(connection&, std::span<const migration> steps);

} // namespace agentmon::store
