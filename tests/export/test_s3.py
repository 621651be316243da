"""The same dataset in a bucket, against moto's S3 server on loopback."""
import json
import logging
import threading
import uuid

from lake import LakeTest

KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_EC2_METADATA_DISABLED": "true"}


class Bucket(LakeTest):
    def setUp(self):
        super().setUp()
        from moto.server import ThreadedMotoServer
        from pyarrow import fs
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        server.start()
        self.addCleanup(server.stop)
        self.port = server.get_host_and_port()[1]
        self.files_there = fs.S3FileSystem(access_key="test", secret_key="test", endpoint_override=f"127.0.0.1:{self.port}", scheme="http",
                                           region="us-east-1", allow_bucket_creation=True)
        self.files_there.create_dir("bucket")
        self.place = f"bucket/{uuid.uuid4().hex}/lake"  # the servers of one process share their content
        self.target = f"s3://{self.place}?region=us-east-1&scheme=http&endpoint_override=127.0.0.1:{self.port}"

    def content(self, path):
        with self.files_there.open_input_stream(f"{self.place}/{path}") as stream:
            return stream.read()

    def listed(self):
        from pyarrow import fs
        selector = fs.FileSelector(self.place, recursive=True)
        return {info.path.removeprefix(self.place + "/") for info in self.files_there.get_file_info(selector) if info.is_file}

    def manifest_there(self):
        return json.loads(self.content(json.loads(self.content("current.json"))["manifest"]))

    def export_there(self, *arguments):
        return self.json("export", self.target, *arguments, **self.addresses, **KEYS)

    def test_a_bucket_gets_the_same_files_as_a_folder(self):
        self.fill(checks=200)
        told = self.export_there()
        self.assertEqual(told["target"], "s3://" + self.place)
        self.export_all()
        in_folder = {file["path"]: file for table in self.manifest()["tables"].values() for file in table["files"]}
        in_bucket = {file["path"]: file for table in self.manifest_there()["tables"].values() for file in table["files"]}
        self.assertEqual(in_bucket, in_folder)
        for path in in_bucket:
            self.assertEqual(self.content(path), (self.lake / path).read_bytes())

    def test_it_follows_changes_prunes_and_answers_queries(self):
        self.fill(checks=100)
        self.export_there()
        self.assertTrue(self.export_there()["unchanged"])
        self.do("UPDATE checks SET pqs = 3 WHERE created_at < '2025-07-01'")
        self.assertEqual(self.export_there()["tables"]["checks"]["written"], ["env=local/month=2025-06"])
        before = len(self.listed())
        self.ok("export", self.target, "--prune", "--keep", "1", **self.addresses, **KEYS)
        self.assertEqual(len(self.listed()), before - 2)
        rows = self.ok("export", self.target, "--query", "SELECT count(*) AS n FROM all_checks", **KEYS)
        self.assertEqual(rows, "n\n100\n")
        self.refused(2, "export", self.target, "--views", says="folder", **self.addresses, **KEYS)

    def test_an_object_that_was_cut_off_is_written_again_and_told(self):
        self.fill(checks=60)
        self.export_there()
        file = self.manifest_there()["tables"]["checks"]["files"][0]
        whole = self.content(file["path"])
        with self.files_there.open_output_stream(f"{self.place}/{file['path']}") as stream:
            stream.write(whole[:1000])
        told = self.export_there()
        self.assertFalse(told["unchanged"])
        self.assertEqual(told["tables"]["checks"]["damaged"], [f"{file['path']} has 1000 bytes but was published with {len(whole)}; it was written again"])
        self.assertEqual(self.content(file["path"]), whole)
        self.assertTrue(self.export_there()["unchanged"])

    def test_pyarrow_finds_the_partitions_in_the_bucket(self):
        import pyarrow as pa
        import pyarrow.dataset as ds
        self.fill(checks=100)
        self.export_there()
        paths = [f"{self.place}/{file['path']}" for file in self.manifest_there()["tables"]["checks"]["files"]]
        partitions = ds.partitioning(pa.schema([("env", pa.string()), ("month", pa.string())]), flavor="hive")
        table = ds.dataset(paths, filesystem=self.files_there, format="parquet", partitioning=partitions,
                           partition_base_dir=f"{self.place}/checks").to_table(filter=ds.field("env") == "prod")
        self.assertEqual(table.num_rows, self.rows("SELECT count(*) FROM checks", name=self.prod_name)[0][0])

    def test_a_reader_sees_one_generation_while_exports_go_on(self):
        self.fill(checks=40)
        self.edit("DELETE FROM runs")
        self.edit("DELETE FROM heretix_executions")
        self.do("UPDATE checks SET pqs = 0")
        self.do("UPDATE checks SET pqs = 0", name=self.prod_name)
        self.export_there("--from", "local")
        stop, problems, reads = threading.Event(), [], 0

        def read():
            nonlocal reads
            import io

            import pyarrow.parquet as pq
            while not stop.is_set():
                states = {value for file in self.manifest_there()["tables"]["checks"]["files"]
                          for value in pq.read_table(io.BytesIO(self.content(file["path"])), columns=["pqs"])["pqs"].to_pylist()}
                reads += 1
                if len(states) != 1:
                    problems.append(states)
        reader = threading.Thread(target=read)
        reader.start()
        for n in range(1, 6):
            self.do(f"UPDATE checks SET pqs = {n}")
            self.export_there("--from", "local")
        stop.set()
        reader.join()
        self.assertEqual(problems, [])
        self.assertGreater(reads, 3)

    def test_a_bucket_that_is_not_there_or_not_open_is_told(self):
        self.fill(checks=10)
        self.refused(5, "export", self.target.replace("//bucket", "//nowhere"), says="nowhere", **self.addresses, **KEYS)
        self.refused(2, "export", "s3://?region=", says="s3://", **self.addresses, **KEYS)
        secret = f"s3://user:hush@bucket/lake?scheme=http&region=us-east-1&endpoint_override=127.0.0.1:{self.port}"
        done = self.heretix("export", secret, **self.addresses, **KEYS)
        self.assertNotIn("hush", done.stdout + done.stderr)


del LakeTest
