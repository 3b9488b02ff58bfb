#include "store/session_search.hpp"

#include "protocol/limits.hpp"
#include "store/search_words.hpp"

#include <algorithm>

namespace agentmon::store {
namespace {

// A word that was typed is a word of a text (of its parts, when it has signs within), or begins a name.
constexpr auto select_words = R"(
SELECT string_agg('(' || either::text || ')', ' & ' ORDER BY number)
FROM (SELECT number, (CASE WHEN number = $3 AND plain LIKE '%''' THEN plain || ':*' ELSE plain END)::tsquery
                     || mark::tsquery AS either
      FROM (SELECT number, plainto_tsquery('simple', word)::text, mark
            FROM unnest($1, $2) WITH ORDINALITY AS typed (word, mark, number)) AS parsed (number, plain, mark)
      WHERE plain <> '') AS words)";

std::string lower(std::string_view text) {
  std::string small{text};
  std::transform(small.begin(), small.end(), small.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; });
  return small;
}

std::vector<std::string_view> split(std::string_view text) {
  constexpr std::string_view between = " \t\r\n\"";
  std::vector<std::string_view> parts;
  for (auto begin = text.find_first_not_of(between); begin != std::string_view::npos;) {
    const auto end = std::min(text.find_first_of(between, begin), text.size());
    parts.push_back(text.substr(begin, end - begin));
    begin = text.find_first_not_of(between, end);
  }
  return parts;
}

std::set<std::string> first_column(const rows& found) {
  std::set<std::string> ids;
  for (int row = 0; row < found.size(); ++row) ids.insert(found.get<std::string>(row, 0));
  return ids;
}

/// How many of the newest runs hold the words, or of the oldest, if those are fewer.
constexpr auto count_holders = R"(
SELECT least(count(*) FILTER (WHERE newest), count(*) FILTER (WHERE NOT newest))
FROM ((SELECT true, document FROM run_documents ORDER BY last_ts DESC, session_id DESC, run_id DESC LIMIT $2)
      UNION ALL
      (SELECT false, document FROM run_documents ORDER BY last_ts, session_id, run_id LIMIT $2)) AS ends (newest, document)
WHERE document @@ $1::tsquery)";

/// Whether the words are common, then and now. The index would gather all runs with them, to find that they are many.
result<bool> are_common(connection& db, const std::string& words) {
  constexpr auto looked_at = static_cast<int64_t>(limits::search_look_documents);
  const auto found = db.exec(count_holders, parameters{words, looked_at});
  if (!found) return tl::unexpected{found.error()};
  return found->get<int64_t>(0, 0) >= looked_at / 8;
}

} // namespace

result<std::string> read_session_words(connection& db, const std::string& q) {
  column typed, marks;
  for (const auto word : split(q)) {
    typed.push(word);
    marks.push(document_mark('n', lower(word)) + ":*");
  }
  if (typed.size() == 0) return std::string{};
  const auto found = db.exec_prepared(select_words, parameters{typed, marks, int64_t{typed.size()}});
  if (!found) return tl::unexpected{found.error()};
  return found->get<std::string>(0, 0);
}

result<std::optional<std::set<std::string>>> sessions_with(connection& db, const std::string& words) {
  const auto common = are_common(db, words);
  if (!common) return tl::unexpected{common.error()};
  if (*common) return std::nullopt;
  constexpr auto most = limits::search_runs_found;
  const auto found = db.exec("SELECT session_id FROM run_documents WHERE document @@ $1::tsquery LIMIT $2",
                             parameters{words, static_cast<int64_t>(most) + 1});
  if (!found) return tl::unexpected{found.error()};
  if (static_cast<size_t>(found->size()) > most) return std::nullopt;
  return first_column(*found);
}

result<std::set<std::string>> sessions_with(connection& db, const std::string& words, const column& session_ids) {
  // No further into a session than to a run that holds them: to look into a document is what this costs.
  const auto found = db.exec("SELECT asked.session_id FROM unnest($1) AS asked (session_id) CROSS JOIN LATERAL ("
                             "SELECT 1 FROM run_documents WHERE run_documents.session_id = asked.session_id"
                             " AND document @@ ($2)::tsquery LIMIT 1) AS holds",
                             parameters{session_ids, words});
  if (!found) return tl::unexpected{found.error()};
  return first_column(*found);
}

} // namespace agentmon::store
