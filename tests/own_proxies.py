"""The two proxies of deploy/ with TLS, as a test starts them for itself: with our own files, and ports of this test's own.

    with OwnCaddy(upstream=8000) as proxy:
        proxy.origin        # https://localhost:PORT
        proxy.certificate   # what a browser must trust

What a file leaves to who deploys (name, certificate, ports, where Latchkey is) is put in as docs/deploying.md says; all
else is what lies in deploy/. They listen on this machine's loopback address only.
"""

import os
import shutil
import socket
import subprocess
from pathlib import Path

from tests.own_servers import OwnServer, free_port

DEPLOY = Path(__file__).resolve().parents[1] / "deploy"


def find_proxies() -> str | None:
    """Where Caddy is, if nginx is there too; Debian puts nginx where only root looks."""
    return shutil.which("caddy") if find_nginx() else None


def find_nginx() -> str | None:
    """Where `nginx` is."""
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")


class OwnProxy(OwnServer):
    """TLS for `localhost` before one web server of ours."""

    def __init__(self, upstream: int) -> None:
        super().__init__()
        self.upstream, self.plain = upstream, free_port()

    @property
    def origin(self) -> str:
        """Where people find it."""
        return f"https://localhost:{self.port}"

    @property
    def certificate(self) -> Path:
        """The certificate to trust; there once it has started."""
        raise NotImplementedError

    def _answers(self) -> bool:
        try:
            for port in (self.port, self.plain):
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            return False
        return self.certificate.exists()


class OwnCaddy(OwnProxy):
    """deploy/Caddyfile; a Caddy that is asked for `localhost` signs its certificate itself."""

    name = "caddy"

    def __init__(self, upstream: int) -> None:
        super().__init__(upstream)
        (self.folder / "Caddyfile").write_text(
            "{\n\tadmin off\n\tskip_install_trust\n\tdefault_bind 127.0.0.1\n"
            f"\thttp_port {self.plain}\n\thttps_port {self.port}\n\tstorage file_system {self.folder}/data\n}}\n"
            f"import {DEPLOY}/Caddyfile\n"
        )

    @property
    def certificate(self) -> Path:
        return self.folder / "data" / "pki" / "authorities" / "local" / "root.crt"

    def _command(self) -> list[str]:
        program = shutil.which("caddy")
        assert program is not None, "caddy is not installed"
        home = [f"{name}={self.folder}" for name in ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME")]
        told = ["PUBLIC_NAME=localhost", f"UPSTREAM=127.0.0.1:{self.upstream}"]
        return [
            "env",
            *home,
            *told,
            program,
            "run",
            "--config",
            str(self.folder / "Caddyfile"),
            "--adapter",
            "caddyfile",
        ]


class OwnNginx(OwnProxy):
    """deploy/nginx.conf.example, with the name, the ports and a certificate that it signed itself."""

    name = "nginx"

    def __init__(self, upstream: int) -> None:
        super().__init__(upstream)
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
             "-keyout", str(self.folder / "key.pem"), "-out", str(self.certificate), "-subj", "/CN=localhost",
             "-addext", "subjectAltName=DNS:localhost"],
            check=True, capture_output=True,
        )  # fmt: skip
        site = (DEPLOY / "nginx.conf.example").read_text("utf-8")
        for example, here in {
            "portal.example.com/fullchain.pem": "cert.pem", "portal.example.com/privkey.pem": "key.pem",
            "/etc/letsencrypt/live/": f"{self.folder}/", "portal.example.com": "localhost",
            "listen 443 ": f"listen 127.0.0.1:{self.port} ", "listen 80;": f"listen 127.0.0.1:{self.plain};",
            "https://$host$": f"https://$host:{self.port}$", "server 127.0.0.1:8000 ": f"server 127.0.0.1:{self.upstream} ",
            "    listen [::]:443 ssl http2;\n": "", "    listen [::]:80;\n": "",
        }.items():  # fmt: skip
            assert example in site, f"the example has no {example!r} any more"
            site = site.replace(example, here)
        (self.folder / "site.conf").write_text(site)
        temporary = "".join(
            f"  {kind}_temp_path {self.folder}/{kind};\n"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        (self.folder / "nginx.conf").write_text(
            f"daemon off;\npid {self.folder}/pid;\nerror_log stderr;\n"
            + ("user root;\n" if os.getuid() == 0 else "")
            + f"events {{}}\nhttp {{\n  access_log off;\n{temporary}  include {self.folder}/site.conf;\n}}\n"
        )

    @property
    def certificate(self) -> Path:
        return self.folder / "cert.pem"

    def _command(self) -> list[str]:
        program = find_nginx()
        assert program is not None, "nginx is not installed"
        return [program, "-p", str(self.folder), "-e", "stderr", "-c", str(self.folder / "nginx.conf")]
