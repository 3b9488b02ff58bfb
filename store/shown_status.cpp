#include "store/shown_status.hpp"

#include "protocol/limits.hpp"

namespace agentmon::store {

timestamp stale_at(const session_state& session) {
  return session.last_ts + (is_waiting(session) ? limits::waiting_stale_after : limits::stale_after);
}

timestamp stale_at(const run_state& run) {
  return run.last_ts + (is_waiting(run) ? limits::waiting_stale_after : limits::stale_after);
}

std::string_view shown_status(const session_state& session, timestamp now) {
  return !has_ended(session) && stale_at(session) < now ? "stale" : status_of(session);
}

std::string_view shown_status(const run_state& run, timestamp now) {
  return !run.ended && stale_at(run) < now ? "stale" : status_of(run);
}

std::vector<stored_status> stored_as(const std::string& shown, timestamp now) {
  const auto stale = now - limits::stale_after;
  const auto stale_waiting = now - limits::waiting_stale_after;
  if (shown == "active") return {{"active", stale, {}}};
  if (shown == "waiting") return {{"waiting", stale_waiting, {}}};
  if (shown == "stale") return {{"active", {}, stale}, {"waiting", {}, stale_waiting}};
  return {{shown, {}, {}}};
}

void add_status(conditions& where, const stored_status& status) {
  where.both("status = ", status.word);
  if (status.before) where.both("last_ts < ", *status.before);
  if (!status.since) return;
  where.both("last_ts >= ", *status.since);
  where.plain(lively_since(where.next(timestamp{std::chrono::floor<std::chrono::days>(*status.since)})));
}

} // namespace agentmon::store
