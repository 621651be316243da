#include "cli/export_options.hpp"

#include <CLI/CLI.hpp>

namespace heretix {

void register_export(CommandTable& table, int (*command)(const ExportCommandOptions&)) {
  const auto [app, o] = table.add<ExportCommandOptions>(
      "export", "publish measurements as one Parquet dataset, or query the dataset", command);
  app.add_option("target", o.target, "a folder or s3://BUCKET/PREFIX?region=… (default lake; HERETIX_LAKE)")
      ->type_name("TARGET");
  app.add_option("--from", o.sources,
                 "what to read: store, local, prod (default: the store if it exists, local if DATABASE_URL is set, "
                 "prod if DATABASE_URL_PROD is set)")
      ->type_name("WHAT")
      ->allow_extra_args(false)
      ->delimiter(',');
  app.add_option("--db", o.stores,
                 "a store; may be given several times (default runs/heretix.sqlite in the current folder; HERETIX_DB)")
      ->type_name("FILE")
      ->allow_extra_args(false);

  app.add_flag("--no-claims", o.no_claims, "leave out the text of claims, and the JSON that contains it");
  app.add_flag("--full", o.full, "write every month, and drop the rows of stores that are not read now");
  app.add_option("--since", o.since, "look only at months from this one on; earlier ones stay as they are")
      ->type_name("YYYY-MM");
  app.add_flag("--dry-run", o.dry_run, "show which months would be written, and write nothing");
  app.add_flag("--prune", o.prune, "then remove the files that only older generations use");
  app.add_option("--keep", o.keep, "with --prune: how many generations to keep (default 2)")
      ->type_name("N")
      ->check(CLI::Range(1, 1'000'000));

  app.add_flag("--views", o.views, "then write a DuckDB file with views over the dataset");
  app.add_option("--query", o.query, "export nothing; print the rows of one SELECT over the dataset, or of a view")
      ->type_name("SQL");
  app.add_option("--format", o.format, "the format of --query: csv or jsonl (default csv)")
      ->type_name("FORMAT")
      ->check(CLI::IsMember({"csv", "jsonl"}));
  app.add_option("--results", o.results,
                 "export nothing; write a table of results (heretix batch -o NAME.jsonl) as one Parquet file, --out")
      ->type_name("FILE");
  app.add_option("-o,--out", o.out, "the file for --query (default standard output), --views or --results")
      ->type_name("FILE");

  app.add_flag("--schema", o.schema, "print the tables and columns of the dataset, and do nothing else");
  app.add_flag("-q,--quiet", o.quiet, "show no progress line");
  add_json(app, o);
}

}  // namespace heretix
