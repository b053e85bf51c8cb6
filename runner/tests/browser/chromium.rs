//! A browser without a window, as a person would use it: keys, a mouse or a finger, and what is then on
//! the page. Speaks the DevTools protocol.

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, Lines};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tungstenite::{Message, WebSocket};

/// One page in a browser of its own.
pub(super) struct Chromium {
    process: Child,
    socket: WebSocket<TcpStream>,
    session: Option<String>,
    calls: u64,
    /// What the page complained of: exceptions, errors, and requests for anything but files.
    complaints: VecDeque<String>,
    /// What it says besides goes nowhere, as long as this is open.
    _said: Lines<BufReader<ChildStderr>>,
    _profile: tempfile::TempDir,
}

/// A browser that says nothing for so long is stuck.
const PATIENCE: Duration = Duration::from_secs(60);

impl Chromium {
    /// A browser with this file open, in a window of this size.
    pub(super) fn open(file: &Path, width: u32, height: u32) -> Self {
        let mut browser = Self::start();
        browser.size(width, height, false);
        browser.go(file);
        browser
    }

    /// A browser with an empty page.
    pub(super) fn start() -> Self {
        let program = std::env::var_os("CHROMIUM").unwrap_or_else(|| "chromium".into());
        let profile = tempfile::tempdir().expect("a folder");
        let mut process = Command::new(&program)
            .args(["--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| {
                panic!("no browser {program:?}, CHROMIUM names another: {error}")
            });
        let mut said = BufReader::new(process.stderr.take().expect("it is piped")).lines();
        let address = said
            .find_map(|line| line.ok()?.strip_prefix("DevTools listening on ").map(String::from))
            .expect("the browser says where it listens");
        let host = address.trim_start_matches("ws://").split('/').next().expect("a host");
        let stream = TcpStream::connect(host).expect("it listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        let (socket, _) = tungstenite::client(&address, stream).expect("it speaks");
        let mut browser = Self {
            process,
            socket,
            session: None,
            calls: 0,
            complaints: VecDeque::new(),
            _said: said,
            _profile: profile,
        };
        let target = browser.call("Target.createTarget", &json!({ "url": "about:blank" }));
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let session = browser.call("Target.attachToTarget", &attach);
        browser.session = session["sessionId"].as_str().map(String::from);
        for domain in ["Runtime", "Log", "Network", "Page"] {
            browser.call(&format!("{domain}.enable"), &json!({}));
        }
        browser
    }

    /// Opens a file, and waits until it is drawn.
    pub(super) fn go(&mut self, file: &Path) {
        let url = format!("file://{}", file.display());
        self.call("Page.navigate", &json!({ "url": url }));
        let loaded = "new Promise(done => document.readyState === 'complete' ? done() \
                      : addEventListener('load', () => done()))";
        self.eval(loaded);
        self.settle();
    }

    /// Waits for the next drawing.
    pub(super) fn settle(&mut self) {
        self.eval("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))");
    }

    /// What an expression gives on the page.
    pub(super) fn eval(&mut self, expression: &str) -> Value {
        let ask = json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let mut said = self.call("Runtime.evaluate", &ask);
        assert!(said.get("exceptionDetails").is_none(), "{expression}: {said}");
        said["result"]["value"].take()
    }

    pub(super) fn number(&mut self, expression: &str) -> f64 {
        let value = self.eval(expression);
        value.as_f64().unwrap_or_else(|| panic!("{expression}: {value}"))
    }

    pub(super) fn text(&mut self, expression: &str) -> String {
        let value = self.eval(expression);
        value.as_str().unwrap_or_else(|| panic!("{expression}: {value}")).into()
    }

    pub(super) fn is(&mut self, expression: &str) -> bool {
        self.eval(expression) == json!(true)
    }

    /// Presses a key: `ArrowDown`, `v`.
    pub(super) fn key(&mut self, key: &str) {
        for kind in ["keyDown", "keyUp"] {
            let mut event = json!({ "type": kind, "key": key });
            if key.len() == 1 && kind == "keyDown" {
                event["text"] = json!(key);
            }
            self.call("Input.dispatchKeyEvent", &event);
        }
        self.settle();
    }

    /// Moves the mouse.
    pub(super) fn point(&mut self, x: f64, y: f64) {
        self.mouse("mouseMoved", x, y, "none");
        self.settle();
    }

    pub(super) fn click(&mut self, x: f64, y: f64) {
        self.mouse("mouseMoved", x, y, "none");
        self.mouse("mousePressed", x, y, "left");
        self.mouse("mouseReleased", x, y, "left");
        self.settle();
    }

    /// Clicks in the middle of an element.
    pub(super) fn click_on(&mut self, selector: &str) {
        let middle = format!(
            "(() => {{ const box = document.querySelector({selector:?}).getBoundingClientRect(); \
             return [box.x + box.width / 2, box.y + box.height / 2]; }})()"
        );
        let at = self.eval(&middle);
        self.click(at[0].as_f64().expect("a place"), at[1].as_f64().expect("a place"));
    }

    fn mouse(&mut self, kind: &str, x: f64, y: f64, button: &str) {
        let event = json!({ "type": kind, "x": x, "y": y, "button": button, "clickCount": 1 });
        self.call("Input.dispatchMouseEvent", &event);
    }

    /// Turns the wheel, with the Control key or without.
    pub(super) fn wheel(&mut self, x: f64, y: f64, by: f64, control: bool) {
        let modifiers = if control { 2 } else { 0 };
        let event = json!({ "type": "mouseWheel", "x": x, "y": y, "deltaX": 0, "deltaY": by,
                            "modifiers": modifiers });
        self.call("Input.dispatchMouseEvent", &event);
        self.settle();
    }

    /// Taps with a finger.
    pub(super) fn tap(&mut self, x: f64, y: f64) {
        let points = json!([{ "x": x, "y": y }]);
        let down = json!({ "type": "touchStart", "touchPoints": points });
        self.call("Input.dispatchTouchEvent", &down);
        let up = json!({ "type": "touchEnd", "touchPoints": [] });
        self.call("Input.dispatchTouchEvent", &up);
        self.settle();
    }

    pub(super) fn size(&mut self, width: u32, height: u32, is_phone: bool) {
        let metrics = json!({ "width": width, "height": height, "mobile": is_phone,
                              "deviceScaleFactor": if is_phone { 2 } else { 1 } });
        self.call("Emulation.setDeviceMetricsOverride", &metrics);
        self.call("Emulation.setTouchEmulationEnabled", &json!({ "enabled": is_phone }));
    }

    pub(super) fn prefers(&mut self, scheme: &str) {
        let feature = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.call("Emulation.setEmulatedMedia", &json!({ "features": feature }));
        self.settle();
    }

    /// The page as a printer gets it, in base64.
    pub(super) fn print(&mut self) -> String {
        let said = self.call("Page.printToPDF", &json!({ "printBackground": true }));
        said["data"].as_str().expect("a document").into()
    }

    /// What the page complained of.
    pub(super) fn complaints(&mut self) -> Vec<String> {
        self.settle();
        self.complaints.drain(..).collect()
    }

    fn call(&mut self, method: &str, parameters: &Value) -> Value {
        self.calls += 1;
        let mut call = json!({ "id": self.calls, "method": method, "params": parameters });
        if let Some(session) = &self.session {
            call["sessionId"] = json!(session);
        }
        self.socket.send(Message::text(call.to_string())).expect("the browser listens");
        loop {
            let said = self.socket.read().expect("the browser answers in time");
            let Ok(text) = said.to_text() else { continue };
            let Ok(mut said) = serde_json::from_str::<Value>(text) else { continue };
            if said["id"] == json!(self.calls) {
                assert!(said.get("error").is_none(), "{method}: {said}");
                return said["result"].take();
            }
            self.notice(&said);
        }
    }

    fn notice(&mut self, said: &Value) {
        let about = &said["params"];
        match said["method"].as_str() {
            Some("Runtime.exceptionThrown") => {
                self.complaints.push_back(about["exceptionDetails"].to_string());
            }
            Some("Runtime.consoleAPICalled") => {
                self.complaints.push_back(about["args"].to_string())
            }
            Some("Log.entryAdded") => self.complaints.push_back(about["entry"].to_string()),
            Some("Page.javascriptDialogOpening") => self.complaints.push_back(about.to_string()),
            Some("Network.requestWillBeSent") => {
                let url = about["request"]["url"].as_str().unwrap_or_default();
                if !url.starts_with("file:") && !url.starts_with("data:") {
                    self.complaints.push_back(format!("it asks for {url}"));
                }
            }
            _ => {}
        }
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        // Nothing is left to be told if it is gone already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
