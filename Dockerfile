# An image that a JupyterHub can start, with kernels ready:
#   docker build -t raywidget . && docker run --rm -p 8888:8888 raywidget
FROM quay.io/jupyter/minimal-notebook:python-3.12

USER root
COPY . /opt/raywidget
# Machine code of root's is loaded by everybody as long as only root can write it.
ENV NUMBA_CACHE_DIR=/opt/raywidget-kernels
RUN pip install --no-cache-dir "/opt/raywidget[lab,denoise,io,volumes]" \
    && raywidget warmup --integrator all \
    && chmod -R a+rX "$NUMBA_CACHE_DIR" \
    && cp -r /opt/raywidget/notebooks "/home/$NB_USER/raywidget" \
    && fix-permissions "/home/$NB_USER" \
    && rm -rf /opt/raywidget
USER $NB_UID
