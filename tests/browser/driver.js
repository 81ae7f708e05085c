// What the tests ask of a JupyterLab page; put into it before anything else runs.
// JupyterLab's own application object is `window.jupyterapp` (--expose-app-in-browser).

(() => {
  const finished = new Map();

  const panel = () => window.jupyterapp?.shell.currentWidget;
  const kernel = () => panel()?.sessionContext?.session?.kernel;
  const cell = (id) => panel().content.widgets.find((widget) => widget.model.id === id);
  const views = (id) => [...cell(id).node.querySelectorAll(".raywidget")];

  /** Whether saving a notebook saves its widgets; a setting, which takes a while to arrive. */
  const keepWidgetState = async (wanted) => {
    const id = "@jupyter-widgets/jupyterlab-manager:saveWidgetState";
    const { commands } = window.jupyterapp;
    if (commands.isToggled(id) === wanted) return;
    await commands.execute(id);
    while (commands.isToggled(id) !== wanted) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };

  window.driver = {
    views,

    /** What a view says about itself, numbers as numbers; null if there is no such view. */
    data(id, index) {
      const view = views(id)[index];
      if (view === undefined) return null;
      const entries = Object.entries(view.dataset);
      const words = new Set(["state", "camera"]);
      return Object.fromEntries(entries.map(([k, v]) => [k, words.has(k) ? v : Number(v)]));
    },

    /** Is the notebook open, its kernel connected and idle, and is nothing left to restore? */
    isReady() {
      const context = panel()?.context;
      if (!context?.isReady || !panel().content?.model) return false;
      return kernel()?.connectionStatus === "connected" && kernel().status === "idle";
    },

    kernelStatus: () => kernel()?.status ?? "none",

    connectionStatus: () => kernel()?.connectionStatus ?? "none",

    ids: () => panel().content.widgets.map((widget) => widget.model.id),

    isCode: (id) => cell(id).model.type === "code",

    setSource: (id, source) => cell(id).model.sharedModel.setSource(source),

    /** Add a cell at the end and run it; returns its id at once. */
    run(source) {
      const notebook = panel().content;
      const index = notebook.model.sharedModel.cells.length;
      notebook.model.sharedModel.insertCell(index, { cell_type: "code", source });
      const { id } = notebook.widgets[index].model;
      return this.rerun(id);
    },

    rerun(id) {
      const notebook = panel().content;
      notebook.deselectAll();
      notebook.activeCellIndex = notebook.widgets.findIndex((widget) => widget.model.id === id);
      finished.set(id, false);
      const end = () => finished.set(id, true);
      window.jupyterapp.commands.execute("notebook:run-cell").then(end, end);
      return id;
    },

    /** Have a view in sight, if it is there. */
    show(id, index) {
      const view = cell(id) ? views(id)[index] : undefined;
      if (view === undefined) return;
      const { top, bottom } = view.getBoundingClientRect();
      const panelTop = panel().content.node.getBoundingClientRect().top;
      if (top < panelTop || bottom > window.innerHeight) view.scrollIntoView({ block: "nearest" });
    },

    clear: (id) => cell(id).model.clearExecution(),

    async scrollTo(id) {
      const notebook = panel().content;
      const index = notebook.widgets.findIndex((widget) => widget.model.id === id);
      notebook.activeCellIndex = index;
      await notebook.scrollToItem(index, "start");
    },

    /** Have the page believe that its tab is hidden. */
    hide(hidden) {
      const state = hidden ? "hidden" : "visible";
      Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    },

    /** Run the notebook from top to bottom. */
    runAll() {
      for (const id of this.ids()) this.rerun(id);
    },

    isFinished: (id) => finished.get(id) === true,

    outputs: (id) => cell(id).model.outputs?.toJSON() ?? [],

    removeCellsFrom(index) {
      const shared = panel().content.model.sharedModel;
      shared.deleteCellRange(index, shared.cells.length);
    },

    removeCells() {
      const shared = panel().content.model.sharedModel;
      shared.deleteCellRange(0, shared.cells.length);
      finished.clear();
    },

    interrupt: () => kernel().interrupt(),

    restart: () => kernel().restart(),

    async save(widgetState = false) {
      // It stays as it is: who saves again at once would meet a setting that is still on its way.
      await keepWidgetState(widgetState);
      await panel().context.save();
    },

    source: (id) => cell(id).model.sharedModel.getSource(),

    /** The bytes of a view's canvas, RGBA, in base64, with its size. */
    pixels(id, index) {
      const canvas = views(id)[index].querySelector("canvas.raywidget-canvas");
      const { width, height } = canvas;
      const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
      let text = "";
      for (let at = 0; at < data.length; at += 0x8000) {
        text += String.fromCharCode(...data.subarray(at, at + 0x8000));
      }
      return { width, height, data: btoa(text) };
    },

    /** Send a widget a message that its front end never would. */
    sendToWidget(commId, data, buffers) {
      const connection = kernel();
      connection.sendShellMessage(
        {
          header: {
            msg_id: crypto.randomUUID(),
            msg_type: "comm_msg",
            session: connection.clientId,
            username: "",
            date: new Date().toISOString(),
            version: "5.2",
          },
          parent_header: {},
          metadata: {},
          content: { comm_id: commId, data },
          buffers: buffers.map((bytes) => new Uint8Array(bytes).buffer),
          channel: "shell",
        },
        false,
      );
    },

    /** For the message of a test that failed. */
    describe() {
      const lines = [`kernel ${this.kernelStatus()}`];
      for (const { model, node } of panel()?.content?.widgets ?? []) {
        const state = finished.has(model.id) ? (finished.get(model.id) ? "done" : "runs") : "idle";
        lines.push(`cell (${state}): ${model.sharedModel.getSource().slice(0, 200)}`);
        for (const output of model.outputs?.toJSON() ?? []) {
          const text = output.text ?? output.traceback ?? Object.keys(output.data ?? {});
          lines.push(`    ${output.output_type}: ${[text].flat().join("\n").slice(-2000)}`);
        }
        for (const view of node.querySelectorAll(".raywidget")) {
          const status = view.querySelector(".raywidget-status")?.textContent;
          lines.push(`    view: ${JSON.stringify({ ...view.dataset, status })}`);
        }
      }
      return lines.join("\n");
    },
  };
})();
