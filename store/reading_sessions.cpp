#include "protocol/limits.hpp"
#include "store/paging.hpp"
#include "store/session_search.hpp"
#include "store/shown_status.hpp"
#include "store/state_columns.hpp"
#include "store/state_json.hpp"

#include <algorithm>

namespace agentmon::store {
namespace {

using status_list = std::vector<std::string>;

/// A session of a page, and the group that it was listed in.
struct listed_session {
  session_state state;
  size_t group;
};

/// The statuses of each part of the list: one part, or with attention_first what calls most for attention before the
/// rest.
std::vector<status_list> groups_of(const session_filter& filter) {
  if (!filter.attention_first) return {filter.statuses};
  constexpr size_t apart = 4; // the first four are groups of their own
  std::vector<status_list> groups(apart + 1);
  for (size_t i = 0; i < session_statuses.size(); ++i) {
    const std::string status{session_statuses.at(i)};
    const auto& wanted = filter.statuses;
    if (wanted.empty() || std::find(wanted.begin(), wanted.end(), status) != wanted.end())
      groups[std::min(i, apart)].push_back(status);
  }
  return groups;
}

/// Where the list goes on.
struct place {
  size_t group = 0;
  std::optional<page_cursor> after;
};

place place_of(const session_filter& filter) {
  if (!filter.cursor || !filter.attention_first) return {0, filter.cursor};
  const auto& [ts, id] = *filter.cursor;
  return {static_cast<size_t>(id.front() - '0'), page_cursor{ts, id.substr(1)}};
}

std::string cursor_of(const session_filter& filter, const listed_session& last) {
  const auto group = filter.attention_first ? std::to_string(last.group) : "";
  return encode_cursor({last.state.first->ts, group + last.state.session_id});
}

/// What all queries of a list ask for: the filters but status and words, and the sessions that are known to hold those.
conditions conditions_of(const session_filter& filter, const column* within) {
  conditions where;
  if (filter.from) where.both("first_ts >= ", *filter.from);
  if (filter.to) where.both("first_ts < ", *filter.to);
  where.if_any("framework = ", filter.framework).if_any("host = ", filter.host);
  where.if_any("client_id = ", filter.client_id);
  if (within != nullptr) where.both("session_id = ANY (", *within, ")");
  return where;
}

/// The newest sessions of some statuses (none: of any) after the cursor; each stored one along its part of the index.
result<std::vector<session_state>> read_group(connection& db, conditions where, const status_list& statuses,
                                              const std::optional<page_cursor>& after, size_t wanted, timestamp now) {
  if (after) where.plain("(first_ts, session_id) < (" + where.next(after->ts) + ", " + where.next(after->id) + ')');
  const auto in_order = "\nORDER BY first_ts DESC, session_id DESC LIMIT " + where.next(static_cast<int64_t>(wanted));
  const auto select = "SELECT " + column_list<session_state>() + " FROM sessions\n";
  std::string query;
  for (const auto& shown : statuses) {
    for (const auto& status : stored_as(shown, now)) {
      add_status(where.open_branch(), status);
      query += (query.empty() ? "(" : "\nUNION ALL (") + select + where.close_branch() + in_order + ')';
    }
  }
  query = statuses.empty() ? select + where.text() : "SELECT * FROM (" + query + ") AS listed";
  const auto found = db.exec(query + in_order, where.with());
  if (!found) return tl::unexpected{found.error()};
  return read_states<session_state>(*found);
}

/// The sessions from the cursor on, at most `wanted`.
result<std::vector<listed_session>> list_sessions(connection& db, const session_filter& filter, const column* within,
                                                  size_t wanted, timestamp now) {
  const auto groups = groups_of(filter);
  auto [group, after] = place_of(filter);
  std::vector<listed_session> listed;
  for (; group < groups.size() && listed.size() < wanted; ++group, after.reset()) {
    if (filter.attention_first && groups[group].empty()) continue;
    auto found = read_group(db, conditions_of(filter, within), groups[group], after, wanted - listed.size(), now);
    if (!found) return tl::unexpected{found.error()};
    for (auto& state : *found) listed.push_back({std::move(state), group});
  }
  return listed;
}

/// What q= leaves of the list: sessions among which to look, or for words that very many hold, each one's own look.
struct searched {
  std::string words;              ///< empty: nothing is searched for
  std::optional<column> sessions; ///< all that hold them, unless they are too many
  bool none = false;
};

result<searched> search_sessions(connection& db, const std::string& q) {
  if (q.empty()) return searched{};
  const auto words = read_session_words(db, q);
  if (!words) return tl::unexpected{words.error()};
  if (words->empty()) return searched{{}, {}, true};
  const auto found = sessions_with(db, *words);
  if (!found) return tl::unexpected{found.error()};
  searched search{*words, {}, false};
  if (!*found) return search;
  search.none = (*found)->empty();
  search.sessions.emplace();
  for (const auto& id : **found) search.sessions->push(id);
  return search;
}

/// Takes those out that do not hold the words.
result<void> keep_holders(connection& db, const std::string& words, std::vector<const listed_session*>& listed) {
  column ids;
  for (const auto* const session : listed) ids.push(session->state.session_id);
  if (listed.empty()) return {};
  const auto holders = sessions_with(db, words, ids);
  if (!holders) return tl::unexpected{holders.error()};
  std::erase_if(listed, [&](const auto* session) { return holders->count(session->state.session_id) == 0; });
  return {};
}

} // namespace

result<std::string> read_sessions(connection& db, const session_filter& filter, timestamp now) {
  const auto search = search_sessions(db, filter.q);
  if (!search) return tl::unexpected{search.error()};
  const bool one_by_one = !search->words.empty() && !search->sessions;
  const auto look = one_by_one ? std::max(limits::search_look_sessions, filter.limit) : filter.limit;
  std::vector<listed_session> listed;
  if (!search->none) {
    auto found = list_sessions(db, filter, search->sessions ? &*search->sessions : nullptr, look + 1, now);
    if (!found) return tl::unexpected{found.error()};
    listed = std::move(*found);
  }
  std::vector<const listed_session*> shown;
  for (size_t i = 0; i < std::min(look, listed.size()); ++i) shown.push_back(&listed[i]);
  if (one_by_one)
    if (auto kept = keep_holders(db, search->words, shown); !kept) return tl::unexpected{kept.error()};
  std::optional<std::string> next;
  if (listed.size() > look) next = cursor_of(filter, listed[look - 1]);
  if (shown.size() > filter.limit) {
    shown.resize(filter.limit);
    next = cursor_of(filter, *shown.back());
  }
  json_writer json;
  json.begin_object().key("sessions").begin_array();
  for (const auto* const session : shown) {
    json.begin_object();
    write_members(json, session->state, now);
    json.end_object();
  }
  return json.end_array().member("next_cursor", next).end_object().text();
}

} // namespace agentmon::store
