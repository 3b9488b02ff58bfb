#include "store/search_words.hpp"

#include "protocol/limits.hpp"
#include "store/paging.hpp"

#include <utility>

namespace agentmon::store {
namespace {

using std::chrono::days;

/// From here on the index is asked for all that is older at once: by now the words are known to be rare.
constexpr days longest_span{64};

constexpr auto in_order = "\nORDER BY last_ts DESC, session_id DESC, run_id DESC";

constexpr auto select_words = R"(
SELECT words, CASE WHEN querytree(words::tsquery) = 'T' THEN '' ELSE querytree(words::tsquery) END,
       CASE WHEN words !~ '[|!\\]' THEN
         (SELECT word[1] FROM regexp_matches(words, '''([a-z0-9]+)''', 'g') AS word
          ORDER BY length(word[1]) DESC LIMIT 1)
       END
FROM (SELECT CASE WHEN words LIKE '%''' THEN words || ':*' ELSE words END
      FROM (SELECT websearch_to_tsquery('simple', $1)::text) AS typed (words)) AS prefixed (words))";

result<rows> select_runs(connection& db, const std::string& columns, const conditions& where,
                         const std::string& tail = {}) {
  return db.exec("SELECT session_id, run_id, first_ts, last_ts" + columns + " FROM run_documents\n" + where.text()
                     + tail,
                 where.with());
}

matching_run read_run(row_reader& row) {
  matching_run run;
  run.session_id = row.next<std::string>();
  run.run_id = row.next<std::string>();
  run.first_ts = row.next<timestamp>();
  run.last_ts = row.next<timestamp>();
  return run;
}

result<std::vector<matching_run>> read_runs(const result<rows>& found) {
  if (!found) return tl::unexpected{found.error()};
  std::vector<matching_run> runs;
  for (int row = 0; row < found->size(); ++row) {
    row_reader reader{*found, row};
    runs.push_back(read_run(reader));
  }
  return runs;
}

void add_words(conditions& where, const std::string& words) {
  if (!words.empty()) where.both("document @@ (", words, ")::tsquery");
}

void add_position(conditions& where, const std::optional<matching_run>& after) {
  if (after)
    where.plain("(last_ts, session_id, run_id) < (" + where.next(after->last_ts) + ", " + where.next(after->session_id)
                + ", " + where.next(after->run_id) + ')');
}

} // namespace

std::string document_mark(char kind, std::string_view value) {
  std::string word{"'\x01"};
  word += kind;
  for (const char c : value) {
    if (c == '\'' || c == '\\') word += c;
    word += c;
  }
  return word + '\'';
}

result<search_words> read_search_words(connection& db, const event_filter& filter) {
  const auto found = db.exec_prepared(select_words, parameters{filter.q});
  if (!found) return tl::unexpected{found.error()};
  search_words words{found->get<std::string>(0, 0), found->get<std::string>(0, 1), found->get<std::string>(0, 2)};
  const auto also = [&](char kind, const std::string& value) {
    if (value.empty()) return;
    const auto mark = document_mark(kind, value);
    words.of_run = words.of_run.empty() ? mark : '(' + words.of_run + ") & " + mark;
  };
  also('t', filter.event_type);
  also('f', filter.framework);
  also('h', filter.host);
  return words;
}

result<std::vector<matching_run>> run_walk::next() {
  const bool first = !std::exchange(begun_, true);
  if (first && filter_.cursor) return around_cursor();
  if (!filter_.session_id.empty()) return of_session();
  return sparse_ ? by_index() : one_by_one();
}

result<std::vector<matching_run>> run_walk::around_cursor() {
  const auto at = filter_.cursor->ts;
  after_ = matching_run{{}, {}, at, at + std::chrono::microseconds{1}};
  conditions where;
  where.both("tstzrange(first_ts, last_ts, '[]') @> ", at).both("last_ts > ", at);
  where.if_any("session_id = ", filter_.session_id);
  add_words(where, words_.of_run);
  return read_runs(select_runs(db_, "", where));
}

result<std::vector<matching_run>> run_walk::of_session() {
  conditions where;
  where.both("session_id = ", filter_.session_id);
  add_words(where, words_.of_run);
  add_position(where, after_);
  ended_ = true;
  return read_runs(select_runs(db_, "", where, in_order));
}

/// Frequent words: document after document, whether it holds them or not.
result<std::vector<matching_run>> run_walk::one_by_one() {
  constexpr auto at_once = limits::search_look_documents;
  conditions where;
  add_position(where, after_);
  const auto matches = words_.of_run.empty() ? "true" : "document @@ (" + where.next(words_.of_run) + ")::tsquery";
  const auto limit = where.next(static_cast<int64_t>(at_once));
  const auto found = select_runs(db_, ", (" + matches + ")::integer", where, in_order + (" LIMIT " + limit));
  if (!found) return tl::unexpected{found.error()};
  std::vector<matching_run> runs;
  for (int row = 0; row < found->size(); ++row) {
    row_reader reader{*found, row};
    after_ = read_run(reader);
    if (reader.next<int32_t>() != 0) runs.push_back(*after_);
  }
  ended_ = static_cast<size_t>(found->size()) < at_once;
  sparse_ = runs.size() < at_once / 5;
  return runs;
}

/// Rarer words: the index tells which runs hold them, of the days before, of twice as many days each time.
result<std::vector<matching_run>> run_walk::by_index() {
  constexpr auto at_once = limits::search_look_runs;
  const auto newest = std::chrono::floor<days>(after_->last_ts);
  const bool all = span_ > longest_span;
  std::string words = '(' + words_.of_run + ')';
  for (auto day = newest; !all && day > newest - span_; day -= days{1})
    words += (day == newest ? " & (" : " | ") + document_mark('d', std::to_string(day.time_since_epoch().count()));
  conditions where;
  add_words(where, all ? words : words + ')');
  add_position(where, after_);
  // Apart, because the planner does not know what a look into a document costs.
  const auto found =
      db_.exec("WITH found AS MATERIALIZED (SELECT session_id, run_id, first_ts, last_ts"
               " FROM run_documents\n"
                   + where.text() + ")\nSELECT * FROM found" + in_order + " LIMIT " + std::to_string(at_once),
               where.with());
  auto runs = read_runs(found);
  if (!runs) return runs;
  if (runs->size() == at_once) {
    after_ = runs->back();
  } else {
    const timestamp looked_to = newest - span_ + days{1};
    after_ = matching_run{{}, {}, looked_to, looked_to};
    ended_ = all;
    span_ *= 2;
  }
  return runs;
}

} // namespace agentmon::store
