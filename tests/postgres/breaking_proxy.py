"""A TCP proxy to a server that breaks connections: at COMMIT, before the server gets it or before its answer comes back;
or behind the n-th message of the client, whatever it is."""
import socket
import threading

COMMIT = b"COMMIT\0"


class BreakingProxy:
    """`plan` says for each COMMIT in turn what happens: 'pass', 'before' (it never arrives) or 'after' (its answer is lost).
    `cut_behind`: the number of the message whose answer is lost; `was_cut` tells whether it came to that."""

    def __init__(self, port, plan=(), cut_behind=0):
        self.target, self.plan, self.cut_behind = port, list(plan), cut_behind
        self.messages, self.was_cut = 0, False
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self.target))
            broken = threading.Event()
            threading.Thread(target=self.upwards, args=(client, server, broken), daemon=True).start()
            threading.Thread(target=self.downwards, args=(client, server, broken), daemon=True).start()

    def fate_of(self, data):
        with self.lock:
            self.messages += 1
            if self.messages == self.cut_behind:
                self.was_cut = True
                return "after"
            return self.plan.pop(0) if self.plan and COMMIT in data else "pass"

    def upwards(self, client, server, broken):
        try:
            while data := client.recv(65536):
                fate = self.fate_of(data)
                if fate == "before":
                    break
                if fate == "after":
                    broken.set()  # whatever is answered from here on is lost
                server.sendall(data)
        except OSError:
            pass  # the other direction has ended it
        if not broken.is_set():
            self.end(client, server)

    def downwards(self, client, server, broken):
        try:
            while data := server.recv(65536):
                if broken.is_set():
                    break
                client.sendall(data)
        except OSError:
            pass  # the other direction has ended it
        self.end(client, server)

    @staticmethod
    def end(*ends):
        for each in ends:
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # ended before
            each.close()

    def close(self):
        self.listener.close()
